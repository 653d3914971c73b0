import { expect, test } from "vitest";
import { remainingS, shareOf } from "./remaining";

test.each([
  [0, 1000, 5000, null, "nothing came yet"],
  [100, null, 5000, null, "nobody knows how much comes"],
  [100, 1000, 300, null, "too early to tell"],
  [100, 1000, 1000, 9, "a tenth in a second"],
  [999, 1000, 10_000, 1, "nearly there is a second, not none"],
  [1100, 1000, 10_000, 0, "an archive is longer than its files"],
])("%d of %s in %d ms: %s s (%s)", (received, total, elapsed, seconds) => {
  expect(remainingS(received, total, elapsed)).toBe(seconds);
});

test("the share never passes the whole", () => {
  expect([shareOf(50, 100), shareOf(120, 100), shareOf(5, null), shareOf(0, 0)]).toEqual([0.5, 1, null, null]);
});
