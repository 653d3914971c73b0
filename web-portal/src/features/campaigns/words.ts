// Words around campaigns: status, money, durations, what stops one.
import type {
  Campaign,
  CampaignRow,
  CampaignStatus,
  Estimate,
  Money,
  NumberKind,
  RecipientState,
} from "../../api/campaigns";
import { dateTime, number, shortWhen } from "../../i18n/format";
import { i18n, t, tn } from "../../i18n/i18n.svelte";
import type { Tone } from "../../ui/StatusDot.svelte";
import { spans } from "./moment";

export const STATUS_TONE: Record<CampaignStatus, Tone> = {
  draft: "idle",
  scheduled: "wait",
  pending: "wait",
  executing: "busy",
  paused: "wait",
  retrying: "busy",
  stop: "bad",
  completed: "good",
  cancelled: "idle",
};
export const statusText = (status: CampaignStatus) => t(`campaign_status.${status}`);
export const STATE_TONE: Record<RecipientState, Tone> = {
  waiting: "idle",
  queued: "wait",
  sending: "busy",
  sent: "busy",
  delivered: "good",
  read: "good",
  failed: "bad",
  undelivered: "bad",
  uncertain: "wait",
  skipped: "idle",
  cancelled: "idle",
};
export const stateText = (state: RecipientState) => t(`recipient_state.${state}`);
export const kindText = (kind: NumberKind) => t(`number_kind.${kind}`);

/** Prices of single texts are parts of a cent. */
export function money({ micros, currency }: Money, exact = false): string {
  return (micros / 1e6).toLocaleString(i18n.lang, {
    style: "currency",
    currency,
    ...(exact ? { maximumFractionDigits: 4 } : {}),
  });
}
/** "1 Std. 5 Min." */
export const duration = (seconds: number): string =>
  spans(seconds)
    .map(([unit, n]) => n.toLocaleString(i18n.lang, { style: "unit", unit, unitDisplay: "short" }))
    .join(" ");
export const segmentsText = ({ least, most }: NonNullable<Estimate["segments"]>): string =>
  least === most
    ? tn("campaign.segments_each", most)
    : t("campaign.segments_between", { least: number(least), most: number(most) });
export const encodingText = (encoding: string): string => (encoding === "ucs2" ? "Unicode" : "GSM-7");

/** A date and time as the clock of that zone shows it. */
export function inZone(at: number, zone: string | null): string {
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === mine) return dateTime(at);
  const lang = i18n.lang === "en" ? "en-GB" : "de-DE";
  return `${new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(at)} (${zone})`;
}
/** One line on when: due, since, until. */
export function whenText(c: CampaignRow): string {
  if (c.status === "scheduled" && c.due_at !== null) return inZone(c.due_at, c.zone);
  if (c.ended_at !== null) return t("campaign.ended_at", { at: shortWhen(c.ended_at) });
  if (c.started_at !== null) return t("campaign.since", { at: shortWhen(c.started_at) });
  return t("campaign.created_at", { at: shortWhen(c.created_at) });
}
export const isOver = (c: CampaignRow) => c.status === "completed" || c.status === "cancelled";
export const isWriting = (c: CampaignRow | Campaign) => c.status === "draft";
export const defaultName = (now: number) => t("wizard.default_name", { at: dateTime(now) });
