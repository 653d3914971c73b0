// Pure: the five steps of a campaign, and which of them a field of the plan belongs to.
export const STEPS = ["basics", "recipients", "content", "rules", "check"] as const;
export type Step = (typeof STEPS)[number];

const HOME: Record<string, Step> = {
  name: "basics",
  channel: "basics",
  sender: "basics",
  audience: "recipients",
  recipients: "recipients",
  lists: "recipients",
  content: "content",
  files: "content",
  template: "content",
  text: "content",
  rules: "rules",
};

/** "plan.content.text" and "content.text" are the same field. */
export const fieldName = (field: string): string => field.replace(/^plan\./, "");
export const stepOf = (field: string): Step => HOME[fieldName(field).split(".")[0] ?? ""] ?? "check";
export const isStep = (word: string | null): word is Step => (STEPS as readonly string[]).includes(word ?? "");

/** The first sentence about a field, or about anything below it. */
export function about<B extends { field: string }>(all: readonly B[], field: string, alone = false): B | undefined {
  return all.find((b) => fieldName(b.field) === field || (!alone && fieldName(b.field).startsWith(`${field}.`)));
}
