// Words for what went wrong: what happened and what to do, in the user's language.
import { Problem } from "../api/problem";
import { either, t, tCode } from "../i18n/i18n.svelte";
import type { Reason } from "../api/types";

export function problemText(error: unknown): string {
  if (!(error instanceof Problem)) return t("problem.unexpected");
  if (error.code === "session_taken" && error.by) return t("problem.session_taken_by", { name: error.by });
  if (error.code === "too_many_tries" && error.retryAfterS)
    return t("problem.too_many_tries_wait", { seconds: error.retryAfterS });
  const known = tCode("problem", error.code);
  // These say what exactly is in the way, which no dictionary can.
  if (error.code === "conflict" || known === null) return error.message || known || t("problem.unexpected");
  return known;
}

/** The daemon's exact sentence, where it adds something to ours. */
export function problemDetail(error: unknown): string | null {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : null;
  const said = problemText(error);
  return ["invalid", "http_error", "forbidden", "busy"].includes(error.code) && error.message !== said
    ? error.message
    : null;
}

/** A field's code in words; a sentence of the daemon stays as it is. */
export const fieldText = (codeOrSentence: string): string => tCode("field_error", codeOrSentence) ?? codeOrSentence;

export function reasonText(reason: Reason): string {
  return either(reason);
}
/** What to do about it, where something can be done. */
export function reasonTodo(reason: Reason): string | null {
  return reason.todo_en && reason.todo_de ? either({ en: reason.todo_en, de: reason.todo_de }) : null;
}
/** Why, and what to do. */
export function reasonFull(reason: Reason): string {
  const todo = reasonTodo(reason);
  return todo ? `${reasonText(reason)} ${todo}` : reasonText(reason);
}
/** What the carrier itself said, for those who want to know. */
export function reasonDetail(reason: Reason): string | null {
  const code = reason.carrier_code ? t("reason.code", { code: reason.carrier_code }) : null;
  const parts = [code, reason.detail].filter((p): p is string => !!p);
  return parts.length > 0 ? parts.join(" · ") : null;
}
