// A contact between the API and the form: nine kinds of numbers as rows, own fields as pairs.
import { array, maxLength, number, object, picklist, pipe, string, trim } from "valibot";
import { NUMBER_KINDS, type Contact, type ContactInput, type NumberKind } from "../../api/people";

export interface ContactValues {
  first_name: string;
  last_name: string;
  company: string;
  email: string;
  remark: string;
  address: string;
  language: string;
  time_zone: string;
  numbers: { kind: NumberKind; given: string }[];
  custom: { name: string; value: string }[];
  phonebooks: number[];
}

const text = (max: number) => pipe(string(), trim(), maxLength(max, "too_long"));
export const contactSchema = object({
  first_name: text(127),
  last_name: text(127),
  company: text(200),
  email: text(255),
  remark: text(2000),
  address: text(2000),
  language: text(35),
  time_zone: text(64),
  numbers: array(object({ kind: picklist(NUMBER_KINDS), given: text(60) })),
  custom: array(object({ name: text(60), value: text(1000) })),
  phonebooks: array(number()),
});

/** What the form starts with; `given` opens a new contact with a number, `book` with a phonebook. */
export function valuesOf(contact: Contact | undefined, given?: string, book?: number): ContactValues {
  const first = { kind: "mobile" as NumberKind, given: given ?? "" };
  if (!contact) {
    const blank = { first_name: "", last_name: "", company: "", email: "", remark: "", address: "" };
    return { ...blank, language: "", time_zone: "", numbers: [first], custom: [], phonebooks: book ? [book] : [] };
  }
  const numbers = contact.numbers.map(({ kind, given }) => ({ kind, given }));
  if (given) numbers.push({ kind: freeKind(numbers.map((n) => n.kind)), given });
  return {
    first_name: contact.first_name,
    last_name: contact.last_name,
    company: contact.company,
    email: contact.email,
    remark: contact.remark,
    address: contact.address,
    language: contact.language ?? "",
    time_zone: contact.time_zone ?? "",
    numbers: numbers.length > 0 ? numbers : [first],
    custom: Object.entries(contact.custom).map(([name, value]) => ({ name, value })),
    phonebooks: [...contact.phonebooks],
  };
}

/** The first kind that is not taken; "other" when all nine are. */
export const freeKind = (taken: NumberKind[]): NumberKind =>
  NUMBER_KINDS.find((kind) => !taken.includes(kind)) ?? "other";

/** What is sent: empty rows are no numbers and no fields. */
export function inputOf(values: ContactValues): ContactInput {
  return {
    ...values,
    language: values.language || null,
    time_zone: values.time_zone || null,
    numbers: values.numbers.filter((n) => n.given !== ""),
    custom: Object.fromEntries(
      values.custom.filter((c) => c.name !== "" && c.value !== "").map((c) => [c.name, c.value]),
    ),
  };
}
