// Pure: how far a campaign is, as shares of a bar and as figures.
import type { Counts, RecipientState } from "../../api/campaigns";

export const STATES: readonly RecipientState[] = [
  "waiting",
  "queued",
  "sending",
  "sent",
  "delivered",
  "read",
  "failed",
  "undelivered",
  "uncertain",
  "skipped",
  "cancelled",
];
export interface Progress {
  all: number;
  /** Whoever nothing more is to be sent to. */
  done: number;
  delivered: number;
  /** Handed over; no report yet. */
  sent: number;
  failed: number;
  /** Not written to, on purpose. */
  left: number;
  open: number;
}
export function progressOf(c: Counts): Progress {
  const delivered = c.delivered + c.read;
  const failed = c.failed + c.undelivered + c.uncertain;
  const left = c.skipped + c.cancelled;
  const open = c.waiting + c.queued + c.sending;
  return { all: c.all, done: delivered + c.sent + failed + left, delivered, sent: c.sent, failed, left, open };
}
/** Where each part of the bar begins and how wide it is, in per cent; small parts stay visible. */
export function bars(p: Progress): { part: "delivered" | "sent" | "failed" | "left"; from: number; width: number }[] {
  if (p.all === 0) return [];
  let from = 0;
  return (["delivered", "sent", "failed", "left"] as const).flatMap((part) => {
    if (p[part] === 0) return [];
    const width = Math.min(100 - from, Math.max((p[part] / p.all) * 100, 1));
    const bar = { part, from, width };
    from += width;
    return [bar];
  });
}
/** Of those that were sent: how many have arrived, in per cent. */
export function arrivedShare(c: Counts): number | null {
  const sent = c.sent + c.delivered + c.read + c.undelivered;
  return sent === 0 ? null : ((c.delivered + c.read) / sent) * 100;
}
