import { beforeAll, expect, test } from "vitest";
import { needWords, setLang } from "../../i18n/i18n.svelte";
import { detailText, erasedText, keptRows, nothingKept, whatText } from "./words";

beforeAll(async () => {
  await setLang("en");
  await needWords("people", Promise.resolve());
});

test("what the portal does not know yet is shown as it is", () => {
  expect(whatText({ what: "person.erase" })).toBe("Erased a person");
  expect(whatText({ what: "campaign.launch" })).toBe("Launched a campaign");
  expect(whatText({ what: "moon.landed" })).toBe("moon.landed");
});

test("details are plain values, never objects", () => {
  expect(detailText({ rows: 1200, moon: "full", deep: { x: 1 } })).toBe("Rows: 1,200 · moon: full");
  expect(detailText(null)).toBe("");
});

test("what is kept stands in a fixed order, unknown parts at the end", () => {
  expect(keptRows({ moons: 1, messages: 2, contacts: 3 }).map((r) => r.name)).toEqual([
    "contacts",
    "messages",
    "moons",
  ]);
  expect([nothingKept({ contacts: 0 }), nothingKept({ contacts: 1 })]).toEqual([true, false]);
  expect(erasedText({ contacts: 1, messages: 6, files: 0 })).toBe("Contacts: 1, Messages: 6");
});
