import { beforeAll, expect, test } from "vitest";
import { needWords, setLang } from "../../i18n/i18n.svelte";
import { scopeOf, scopeText, scopeValue, whoText } from "./words";

beforeAll(async () => {
  await setLang("de");
  await needWords("people", Promise.resolve());
});

test("how far a refusal reaches is told with our number as people write it", () => {
  expect(scopeText({ scope_label: "everything" })).toBe("Alles von uns");
  expect(scopeText({ scope_label: "+4915550000900 · SMS Vertrieb" })).toBe("+49 155 50000900 · SMS Vertrieb");
});

test("an erased person has no number", () => {
  expect(whoText({ address: null, name: null })).toBe("Gelöschte Person");
});

test("a scope survives its select", () => {
  for (const value of ["everything", "channel:3", "number:7"]) expect(scopeValue(scopeOf(value))).toBe(value);
});
