// Names and words around sessions, used by list, thread and dialogs.
import type { OptedOut } from "../../api/people";
import type { ChannelKind, ExtensionRef, OwnNumber, Session, SessionEvent } from "../../api/types";
import { t, tn } from "../../i18n/i18n.svelte";
import type { Draft } from "../../lib/drafts";
import { showNumber } from "../../lib/phone";

export const peerName = (s: Session) => s.peer.name ?? showNumber(s.peer.address);
export const extensionName = (e: ExtensionRef) => (e.name ? `${e.name} (${e.number})` : e.number);
export const ownNumberName = (n: { address: string; label: string }) =>
  n.label ? `${n.label} · ${showNumber(n.address)}` : showNumber(n.address);
/** What a number can do: "SMS MMS". */
export const numberCan = (n: { can_mms: boolean }, kind: ChannelKind): string[] =>
  kind === "sms" && n.can_mms ? [t("kind.sms"), t("kind.mms")] : [t(`kind.${kind}`)];
export const numberOption = (n: OwnNumber) => `${ownNumberName(n)} (${numberCan(n, n.channel.kind).join(" ")})`;

/** The peer's refusal that stands. */
export const optedOut = (s: Session): OptedOut | null => s.opted_out;

/** A conversation's last message in a few words, for lists and notifications. */
export function previewText(s: Pick<Session, "last_text" | "last_files">): string {
  if (s.last_text.trim() !== "") return s.last_text;
  return s.last_files > 0 ? tn("message.media", s.last_files) : t("preview.unsupported");
}
export const draftText = (d: Draft): string =>
  d.text.trim() !== "" || d.uploads.length === 0 ? d.text : tn("message.media", d.uploads.length);

export function eventText(e: SessionEvent): string {
  const vars = { by: e.by ?? t("event.system"), from: e.from ?? "", to: e.to ?? "" };
  switch (e.kind) {
    case "transferred":
      return e.by ? t("event.transferred_by", vars) : t("event.transferred", vars);
    case "ended":
      return e.by ? t("event.ended_by", vars) : t("event.ended", vars);
    case "opened":
      return e.to ? t("event.opened_to", vars) : t("event.opened", vars);
    case "offered":
      return e.to ? t("event.offered_to", vars) : t("event.offered", vars);
    case "expired":
      return e.to ? t("event.expired_to", vars) : t("event.expired", vars);
    case "picked_up":
    case "ended_automatically":
    case "reopened":
      return t(`event.${e.kind}`, vars);
  }
}
