// The audit's codes in words; what the portal does not know yet is shown as it is.
import type { AuditEntry, Kept } from "../../api/people";
import { number } from "../../i18n/format";
import { t, tCode } from "../../i18n/i18n.svelte";
import { showNumber } from "../../lib/phone";

/** The parts of what is done, as filters. */
export const AREAS = ["person", "opt_out", "consent", "contact", "import", "campaign", "session", "settings"] as const;

export const whatText = (e: Pick<AuditEntry, "what">): string => tCode("audit_what", e.what) ?? e.what;
export const aboutText = (e: Pick<AuditEntry, "about">): string => (e.about === null ? "–" : showNumber(e.about));

/** Plain values as "name: value"; anything deeper is for the export. */
export function detailText(detail: unknown): string {
  if (typeof detail === "string") return detail;
  if (typeof detail !== "object" || detail === null) return "";
  return Object.entries(detail)
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
    .map(
      ([name, value]) => `${tCode("kept", name) ?? name}: ${typeof value === "number" ? number(value) : String(value)}`,
    )
    .join(" · ");
}
/** What is kept of a person, the known ones first and in a fixed order. */
export const KEPT = ["contacts", "sessions", "messages", "files", "opt_outs", "consents", "campaigns"] as const;
export function keptRows(kept: Kept): { name: string; text: string; count: number }[] {
  const rest = Object.keys(kept).filter((k) => !(KEPT as readonly string[]).includes(k));
  return [...KEPT.filter((k) => k in kept), ...rest].map((name) => ({
    name,
    text: tCode("kept", name) ?? name,
    count: kept[name] ?? 0,
  }));
}
export const erasedText = (gone: Kept): string => {
  const parts = keptRows(gone).filter((r) => r.count > 0);
  return parts.length === 0 ? t("person.erased") : parts.map((r) => `${r.text}: ${number(r.count)}`).join(", ");
};
export const nothingKept = (kept: Kept): boolean => Object.values(kept).every((n) => n === 0);
