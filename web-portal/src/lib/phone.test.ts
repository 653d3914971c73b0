import { expect, test } from "vitest";
import { asAddress, isAddress, looksLikeNumber, showNumber } from "./phone";

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

test("a typed number is brought to plus and digits, whatever else it is stays", () => {
  expect(asAddress(" 0049 151 / 234-567 ")).toBe("+49151234567");
  expect(asAddress("wa:user.name-1")).toBe("wa:user.name-1");
  expect([isAddress("+49 151 2345678"), isAddress("0151 2345678"), isAddress("72345"), isAddress("hello")]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
