// Names and words around sessions, used by list, thread and dialogs.
import type { ExtensionRef, OwnNumber, Session, SessionEvent } from "../../api/types";
import { t } from "../../i18n/i18n.svelte";
import { showNumber } from "../../lib/phone";

export const peerName = (s: Session) => s.peer.name ?? showNumber(s.peer.address);
export const extensionName = (e: ExtensionRef) => (e.name ? `${e.name} (${e.number})` : e.number);
export const ownNumberName = (n: { address: string; label: string }) =>
  n.label ? `${n.label} · ${showNumber(n.address)}` : showNumber(n.address);
export const numberOption = (n: OwnNumber) => `${ownNumberName(n)} (${t(`kind.${n.channel.kind}`)})`;

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
