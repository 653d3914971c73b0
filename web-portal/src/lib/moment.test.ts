import { expect, test } from "vitest";
import { toLocal, withZone, zone } from "./moment";

test("a moment is written for the field it came from, and sent with its zone", () => {
  const at = new Date(2026, 10, 21, 9, 5).getTime();

  expect(toLocal(at)).toBe("2026-11-21T09:05");
  expect(withZone("2026-11-21T09:05")).toBe(`2026-11-21T09:05[${zone()}]`);
});
