import { expect, test } from "vitest";
import { remainingS, shareOf } from "./remaining";

test("the remaining time follows from what came, and is told only once it means something", () => {
  for (const [what, received, total, elapsed, seconds] of [
    ["nothing came yet", 0, 1000, 5000, null],
    ["nobody knows how much comes", 100, null, 5000, null],
    ["too early to tell", 100, 1000, 300, null],
    ["a tenth in a second", 100, 1000, 1000, 9],
    ["nearly there is a second, not none", 999, 1000, 10_000, 1],
    ["an archive is longer than its files", 1100, 1000, 10_000, 0],
  ] as const) {
    expect([what, remainingS(received, total, elapsed)]).toEqual([what, seconds]);
  }
});

test("the share never passes the whole", () => {
  expect([shareOf(50, 100), shareOf(120, 100), shareOf(5, null), shareOf(0, 0)]).toEqual([0.5, 1, null, null]);
});
