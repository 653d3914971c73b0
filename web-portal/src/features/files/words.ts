// Words around files: why one was refused, what was done to one, what it is.
import { Problem } from "../../api/problem";
import type { FitStep, MediaFamily, Reason } from "../../api/types";
import { problemText, reasonFull } from "../../app/problems";
import { bytes, clockSeconds, number } from "../../i18n/format";
import { t, tCode, type Key } from "../../i18n/i18n.svelte";
import type { Bad } from "../../lib/fileRules";
import type { Item } from "./attaching.svelte";

export interface Refusal {
  name: string;
  code: string;
  /** The exact sentence, with figures where there are any. */
  text: string;
}
/** Refusals that are about the file itself; after all others the same upload may be tried again. */
export const FILE_CODES: ReadonlySet<string> = new Set([
  "files_too_many",
  "file_too_large",
  "files_too_large",
  "file_type_not_allowed",
  "file_unreadable",
  "file_too_complex",
  "file_active",
  "file_locked",
  "file_problem",
  "too_large",
]);

/** "Too many files", "Type not allowed": the field's own words. */
export const refusalHead = (code: string): string =>
  tCode("file_problem", code === "too_large" ? "file_too_large" : code) ?? t("file_problem.file_problem");

export function badText(code: Bad<unknown>["code"], size: number, max: number): string {
  if (code === "files_too_many") return t("files.at_most", { n: number(max) });
  return code === "file_too_large" ? t("files.larger_than", { size: bytes(size), max: bytes(max) }) : t("files.empty");
}
export const reasonRefusal = (name: string, why: Reason): Refusal => ({ name, code: why.code, text: reasonFull(why) });
/** The API names the file in front of the reason, the list does, too. */
const unnamed = (text: string, name: string) => (text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text);
export const problemRefusal = (name: string, error: Problem | null): Refusal => ({
  name,
  code: error?.code ?? "file_problem",
  text: error ? unnamed(problemText(error), name) : "",
});

/** "2048 × 1536, 549 KB instead of 5.9 MB"; null: it is not smaller than it was. */
export function fitText(item: Pick<Item, "fit" | "upload">): string | null {
  const { fit, upload } = item;
  if (!fit || !upload || fit.steps.length === 0 || fit.bytes >= upload.bytes) return null;
  const size = t("files.instead_of", { now: bytes(fit.bytes), before: bytes(upload.bytes) });
  return fit.width && fit.height && fit.steps.includes("scaled") ? `${fit.width} × ${fit.height}, ${size}` : size;
}
const SAID_BY_SIZE: ReadonlySet<FitStep> = new Set(["scaled", "recompressed", "shrunk"]);
/** What the size does not say by itself. */
export const stepsText = (steps: readonly FitStep[], all = false): string =>
  steps
    .filter((s) => all || !SAID_BY_SIZE.has(s))
    .map((s) => t(`fit_step.${s}`))
    .join(", ");

export const familyName = (family: MediaFamily | null): string => t(`family.${family ?? "document"}` as Key);

/** Pasted pictures have no name of their own. */
export const pastedName = (file: File): string =>
  `${t("files.pasted", { time: clockSeconds(Date.now()) })}.${file.type.split("/")[1] ?? "png"}`;
