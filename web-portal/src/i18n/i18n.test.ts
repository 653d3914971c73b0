import { beforeAll, expect, test } from "vitest";
import campaignsDe from "./campaigns.de.json";
import campaignsEn from "./campaigns.en.json";
import inboxDe from "./de.json";
import inboxEn from "./en.json";
import { needSetupWords, setLang, t, tn, type Key } from "./i18n.svelte";
import peopleDe from "./people.de.json";
import peopleEn from "./people.en.json";
import setupDe from "./setup.de.json";
import setupEn from "./setup.en.json";

const de = { ...inboxDe, ...setupDe, ...campaignsDe, ...peopleDe };
const en = { ...inboxEn, ...setupEn, ...campaignsEn, ...peopleEn };

const sources = import.meta.glob<string>("../**/*.{svelte,ts}", { query: "?raw", import: "default", eager: true });
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("both languages have the same keys", () => {
  expect(Object.keys(inboxEn)).toEqual(Object.keys(inboxDe));
  expect(Object.keys(setupEn)).toEqual(Object.keys(setupDe));
  expect(Object.keys(campaignsEn)).toEqual(Object.keys(campaignsDe));
  expect(Object.keys(peopleEn)).toEqual(Object.keys(peopleDe));
});

test("both languages fill the same placeholders", () => {
  for (const key of Object.keys(de) as Key[]) {
    expect([key, placeholders(en[key])]).toEqual([key, placeholders(de[key])]);
  }
});

test("no text is empty or left unfinished", () => {
  for (const [key, text] of [...Object.entries(de), ...Object.entries(en)]) {
    expect([key, text.trim() === text && text !== "" && !/TODO|\?\?\?/.test(text)]).toEqual([key, true]);
  }
});

test("every counted text has both its forms", () => {
  const keys = Object.keys(de);
  for (const one of keys.filter((k) => k.endsWith("_one"))) expect(keys).toContain(one.replace(/_one$/, "_other"));
});

test("every key is used somewhere", () => {
  const source = Object.values(sources).join("\n");
  const families = [...source.matchAll(/t\(`([a-z_.]+)\.\$\{/g)].map((m) => `${m[1]}.`);
  const codes = ["problem.", "field_error.", "step.", "sim_state.", "file_problem.", "copied.", "audit_what.", "kept."];
  const unused = (Object.keys(de) as string[]).filter((key) => {
    const base = key.replace(/_(one|other)$/, "");
    return (
      !source.includes(`"${key}"`) &&
      !source.includes(`"${base}"`) &&
      ![...families, ...codes].some((f) => key.startsWith(f))
    );
  });
  expect(unused).toEqual([]);
});

test("what the inbox shows needs no word of other screens, and what stands beside a conversation none of setting up", () => {
  const BESIDE =
    /phonebooks\/(ContactPanel|ContactChoose|words)|consent\/(OptOut(State|Add|Withdraw)|words)|inbox\/Details/;
  const OTHER = new RegExp(
    "/(setup|simulator|log|phonebooks|consent|audit|campaigns)/|routes/(?!Inbox|Login|NotFound)|StepList|\\.test\\.ts|needSetupWords|needWords",
  );
  const wrong = Object.entries(sources)
    .filter(([file]) => BESIDE.test(file) || !OTHER.test(file))
    .flatMap(([file, source]) =>
      Object.keys(BESIDE.test(file) ? setupDe : { ...setupDe, ...peopleDe, ...campaignsDe })
        .filter((key) => source.includes(`"${key}"`) || source.includes(`"${key.replace(/_(one|other)$/, "")}"`))
        .map((key) => `${file}: ${key}`),
    );
  expect(wrong).toEqual([]);
}, 30_000);

beforeAll(async () => {
  await setLang("de");
  await needSetupWords(Promise.resolve());
});
test("words change with the language, counts with the number", async () => {
  expect(tn("queue.members", 1)).toBe("1 Mitglied");
  expect(tn("queue.members", 1200)).toBe("1.200 Mitglieder");
  await setLang("en");
  expect(t("session.state.held_by", { name: "Ben" })).toBe("Held by Ben");
});
