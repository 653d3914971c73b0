// What the columns of a file can be, and which choices do not go together.
import { NUMBER_KINDS, type Import, type NumberKind } from "../../api/people";

export const TARGETS = [
  "first_name",
  "last_name",
  "full_name",
  "company",
  "email",
  "remark",
  "address",
  "language",
  "time_zone",
] as const;
export const NUMBER_TARGETS = NUMBER_KINDS.map((kind) => `number:${kind}`);
export const CUSTOM = "custom:";
/** Several columns may be these: they stand one behind the other. */
const JOINED = ["remark", "address"];

export const kindOf = (target: string) => target.slice("number:".length) as NumberKind;
export const isCustom = (target: string | null) => target?.startsWith(CUSTOM) ?? false;

/** Targets that more than one column claims. */
export function doubled(mapping: readonly (string | null)[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const target of mapping) {
    if (target === null || JOINED.includes(target)) continue;
    if (seen.has(target)) twice.add(target);
    seen.add(target);
  }
  return twice;
}

/** The value of a column's select: own fields carry the column's name. */
export const customOf = (column: string, index: number) => `${CUSTOM}${column.trim().slice(0, 60) || index + 1}`;

export const ENCODINGS = [
  "utf-8",
  "windows-1252",
  "utf-16le",
  "utf-16be",
  "iso-8859-15",
  "windows-1254",
  "windows-1250",
];
/** The ones offered, with the one in use. */
export const encodingsWith = (current: string) => (ENCODINGS.includes(current) ? ENCODINGS : [...ENCODINGS, current]);

export type Step = "columns" | "checking" | "checked" | "running" | "done" | "failed";
export function stepOf(i: Pick<Import, "state">): Step {
  return i.state === "uploaded" ? "columns" : i.state;
}
/** While it works, it is asked again even if no word of it comes. */
export const isBusy = (i: Pick<Import, "state"> | undefined) => i?.state === "checking" || i?.state === "running";
