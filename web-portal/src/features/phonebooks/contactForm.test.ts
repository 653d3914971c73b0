import { safeParse } from "valibot";
import { expect, test } from "vitest";
import { NUMBER_KINDS, type Contact } from "../../api/people";
import { contactSchema, freeKind, inputOf, valuesOf } from "./contactForm";
import { contactName, importShare } from "./words";

const clara: Contact = {
  id: 7,
  first_name: "Clara",
  last_name: "Wolf",
  company: "Wolf Blumen",
  email: "",
  numbers: [{ kind: "mobile", given: "0155 123", address: null, problem: { en: "no", de: "nein" } }],
  phonebooks: [1],
  opted_out: false,
  read_only: false,
  remark: "",
  address: "",
  language: null,
  time_zone: "Europe/Berlin",
  custom: { Filiale: "Nord" },
  created_at: 0,
  updated_at: 0,
  version: 3,
  source: null,
};

test("a contact comes back from the form as it went in, unreadable numbers too", () => {
  const { numbers, custom, language, time_zone, phonebooks } = inputOf(valuesOf(clara));

  expect({ numbers, custom, language, time_zone, phonebooks }).toEqual({
    numbers: [{ kind: "mobile", given: "0155 123" }],
    custom: { Filiale: "Nord" },
    language: null,
    time_zone: "Europe/Berlin",
    phonebooks: [1],
  });
});

test("empty rows are no numbers and no fields", () => {
  const values = valuesOf(undefined, undefined, 2);
  values.custom = [{ name: "Filiale", value: "" }];

  expect(inputOf(values)).toMatchObject({ numbers: [], custom: {}, phonebooks: [2] });
});

test("a number from a conversation takes the first kind that is free", () => {
  expect(valuesOf(clara, "+4930555").numbers.at(-1)).toEqual({ kind: "mobile2", given: "+4930555" });
  expect(freeKind([...NUMBER_KINDS])).toBe("other");
});

test("what is typed as a number never blocks a save, only its length does", () => {
  const values = { ...valuesOf(clara), numbers: [{ kind: "home" as const, given: " beim Pförtner " }] };

  expect(safeParse(contactSchema, values).success).toBe(true);
  values.numbers = [{ kind: "home", given: "1".repeat(61) }];
  expect(safeParse(contactSchema, values).success).toBe(false);
});

test("a contact without a name is called by what else is known", () => {
  const nobody = { first_name: "", last_name: "", company: "", email: "", numbers: clara.numbers };

  expect(contactName(clara)).toBe("Clara Wolf");
  expect(contactName({ ...nobody, company: "Blumen" })).toBe("Blumen");
  expect(contactName(nobody)).toBe("0155 123");
});

test("the share of an import is unknown until its rows are counted", () => {
  expect(importShare({ rows_total: null, rows_done: 10 })).toBeNull();
  expect(importShare({ rows_total: 40, rows_done: 10 })).toBe(0.25);
});
