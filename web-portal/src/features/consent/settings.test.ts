import { expect, test } from "vitest";
import type { ConsentSettings } from "../../api/people";
import { completed, tonguesOf, trimmed } from "./settings";

const found = {
  stop: { de: ["stopp"] },
  start: {},
  help: {},
  answers: { stop: { de: "Gut." } },
  scope: "number",
  reopen_on_write: false,
  version: 2,
} as unknown as ConsentSettings;

test("every language is there to be filled", () => {
  const all = completed(found);

  expect([all.stop.de, all.stop.tr, all.help.pl, all.answers.help]).toEqual([["stopp"], [], [], {}]);
});

test("answers without words are not sent", () => {
  const all = completed(found);
  all.answers.stop.en = "  ";

  expect(trimmed(all).answers.stop).toEqual({ de: "Gut." });
});

test("a refusal says in which language it is", () => {
  expect(tonguesOf({ "stop.tr": "x", "answers.help.de": "y", scope: "z" })).toEqual(["de", "tr"]);
});
