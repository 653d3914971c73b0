import { expect, test } from "vitest";
import { bytes } from "./format";
import { setLang } from "./i18n.svelte";

test("bytes as people write them", async () => {
  await setLang("de");
  expect([0, 1, 812, 1000, 549_400, 999_600, 5_900_000, 100_000_000, 2_500_000_000].map(bytes)).toEqual([
    "0 Byte",
    "1 Byte",
    "812 Byte",
    "1 KB",
    "549 KB",
    "1 MB",
    "5,9 MB",
    "100 MB",
    "2,5 GB",
  ]);
  await setLang("en");
  expect([bytes(71), bytes(5_900_000)]).toEqual(["71 bytes", "5.9 MB"]);
});
