// Pure: the course of a campaign as lines that only rise.
import type { TimelineStep } from "../../api/campaigns";

export const LINES = ["sent", "delivered", "read", "failed"] as const;
export type Line = (typeof LINES)[number];

/** Steps summed up, so that each line ends at what the counters say. */
export function summed(steps: readonly TimelineStep[]): TimelineStep[] {
  const sum = { sent: 0, delivered: 0, read: 0, failed: 0 };
  return steps.map((step) => {
    for (const line of LINES) sum[line] += step[line];
    return { at: step.at, ...sum };
  });
}
/** Lines with anything on them. */
export const drawn = (steps: readonly TimelineStep[]): Line[] => LINES.filter((l) => steps.some((s) => s[l] > 0));
