import { expect, test } from "vitest";
import { splitMarks } from "./marks";

test("hits are cut out, markup in them stays text", () => {
  expect(splitMarks("Ihr \uE000<b>Paket\uE001 kommt")).toEqual([
    { text: "Ihr ", hit: false },
    { text: "<b>Paket", hit: true },
    { text: " kommt", hit: false },
  ]);
  expect(splitMarks("nichts")).toEqual([{ text: "nichts", hit: false }]);
});
