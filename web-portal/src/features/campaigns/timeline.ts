// Pure: the course of a campaign as lines that only rise.
import type { TimelineStep } from "../../api/campaigns";

export const LINES = ["sent", "delivered", "read", "failed"] as const;
export type Line = (typeof LINES)[number];

/** Summed up at the ends of steps: each line begins at nothing, is flat where nothing happened, and ends at what the
 *  counters say. */
export function summed(steps: readonly TimelineStep[], step_ms: number): TimelineStep[] {
  const sum = { sent: 0, delivered: 0, read: 0, failed: 0 };
  const points: TimelineStep[] = [];
  for (const step of steps) {
    if (points.at(-1)?.at !== step.at) points.push({ at: step.at, ...sum });
    for (const line of LINES) sum[line] += step[line];
    points.push({ at: step.at + step_ms, ...sum });
  }
  return points;
}
/** Lines with anything on them. */
export const drawn = (steps: readonly TimelineStep[]): Line[] => LINES.filter((l) => steps.some((s) => s[l] > 0));
