import { expect, test } from "vitest";
import { looksLikeNumber, showNumber } from "./phone";

test.each([
  ["+4915550000123", "+49 155 50000123"],
  ["+15550100101", "+1 555 010 0101"],
  ["+43720123456", "+43 720 123456"],
  ["DEPESCHE", "DEPESCHE"],
  ["12345", "12345"],
  ["wa:DE.13491208655302", "DE.13491208655302"],
])("%s is shown as %s", (address, shown) => {
  expect(showNumber(address)).toBe(shown);
});

test("what is no number is not sent to the daemon", () => {
  expect(looksLikeNumber("0155 / 500-00 12")).toBe(true);
  expect(looksLikeNumber("Anna")).toBe(false);
  expect(looksLikeNumber("")).toBe(false);
});
