// Pure: a plan to begin with, and small changes to one.
import type { BookPick, NumberKind, Plan, TemplatePlan, TemplateUse } from "../../api/campaigns";
import type { Template } from "../../api/types";

export const NAME_MAX = 120;
export const TEXT_MAX = 1600;
export const NUMBER_KINDS: readonly NumberKind[] = [
  "business",
  "business2",
  "mobile",
  "mobile2",
  "home",
  "home2",
  "business_fax",
  "home_fax",
  "other",
];

export const emptyPlan = (name: string): Plan => ({
  name,
  channel: null,
  sender: null,
  audience: { typed: "", books: [], without_lists: [], exclude: { typed: "", books: [], campaigns: [] } },
  content: { text: "", template: null, count_links: false },
  rules: {
    start: null,
    repeat: null,
    hours: null,
    pace: null,
    session: "direct",
    stop_after: 10,
    goes_on_by_itself: false,
    marketing: true,
  },
});

export const bookPick = (phonebook: number): BookPick => ({
  phonebook,
  kinds: ["mobile", "mobile2"],
  all_numbers: false,
});

/** A template with nothing filled in yet. */
export const templatePlan = (t: Template): TemplatePlan => ({
  name: t.name,
  language: t.language,
  header: t.needs.header === "text" || t.needs.header === "location" ? "" : null,
  body: t.needs.body.map(() => ""),
  buttons: t.needs.buttons.filter((b) => b.required).map((b) => ({ index: b.index, value: "" })),
});
/** Heads that are a file of the campaign. */
export const headFile = (t: Template): "image" | "video" | "document" | null =>
  t.needs.header === "image" || t.needs.header === "video" || t.needs.header === "document" ? t.needs.header : null;

/** What was filled in, under the names that the preview of a template knows. */
export function usedValues(t: Template, use: TemplateUse): Record<string, string> {
  const values: Record<string, string> = {};
  t.needs.body.forEach((name, i) => (values[`body.${name}`] = use.body?.[i]?.value ?? ""));
  const head = use.header;
  if (head?.type === "text") values[`header.${t.needs.header_variable ?? "1"}`] = head.value;
  else if (head?.type === "location") values["header"] = head.name ?? `${head.latitude}, ${head.longitude}`;
  else if (head) values["header"] = head.link ?? "";
  for (const b of use.buttons ?? []) values[`buttons.${b.index}`] = b.value;
  return values;
}

/** "number:3", "pool:nord": a sender as the value of a select. */
export const senderValue = (sender: Plan["sender"]): string =>
  sender === null ? "" : "number" in sender ? `number:${sender.number}` : `pool:${sender.pool}`;
export function senderOf(value: string): Plan["sender"] {
  if (value.startsWith("number:")) return { number: Number(value.slice(7)) };
  return value.startsWith("pool:") ? { pool: value.slice(5) } : null;
}

/** How many numbers somebody has typed, before the daemon has looked at them. */
export const typedCount = (typed: string): number => typed.split(/[\n,;]+/).filter((part) => part.trim()).length;
