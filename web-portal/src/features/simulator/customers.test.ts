import { expect, test } from "vitest";
import { customerWithEnding } from "./customers";

const behaviours = [
  { ending: "00", en: "", de: "" },
  { ending: "01", en: "", de: "" },
];

test("a behaviour is chosen by the ending of the customer's number", () => {
  expect(customerWithEnding("+4915550000777", "01", behaviours)).toBe("+4915550000701");
});

test("no behaviour means an ending nobody claims", () => {
  expect(customerWithEnding("+4915550000701", "", behaviours)).toBe("+4915550000702");
  expect(customerWithEnding("Anna", "", behaviours)).toBe("+4915555500002");
});
