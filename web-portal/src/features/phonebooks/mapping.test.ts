import { expect, test } from "vitest";
import { customOf, doubled, encodingsWith, isBusy, isCustom, kindOf, NUMBER_TARGETS, stepOf } from "./mapping";

test("two columns cannot be the same, but remarks and addresses stand one behind the other", () => {
  expect([...doubled(["first_name", "number:mobile", null, "number:mobile"])]).toEqual(["number:mobile"]);
  expect(doubled(["remark", "remark", "address", "address", null, null]).size).toBe(0);
});

test("a field of one's own is called like its column", () => {
  expect(customOf(" Filiale ", 0)).toBe("custom:Filiale");
  expect(customOf("", 3)).toBe("custom:4");
  expect([isCustom("custom:x"), isCustom("email"), isCustom(null)]).toEqual([true, false, false]);
});

test("all nine kinds of numbers can be chosen", () => {
  expect(NUMBER_TARGETS).toHaveLength(9);
  expect(kindOf("number:business_fax")).toBe("business_fax");
});

test("an encoding that was recognised stays on offer", () => {
  expect(encodingsWith("koi8-r")).toContain("koi8-r");
  expect(encodingsWith("utf-8").filter((e) => e === "utf-8")).toHaveLength(1);
});

test("an import opens at the step where it stands", () => {
  expect(stepOf({ state: "uploaded" })).toBe("columns");
  expect(stepOf({ state: "checked" })).toBe("checked");
  expect([isBusy({ state: "running" }), isBusy({ state: "done" }), isBusy(undefined)]).toEqual([true, false, false]);
});
