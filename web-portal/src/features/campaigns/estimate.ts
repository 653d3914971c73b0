// Pure: an estimate as it is shown.
import type { Estimate } from "../../api/campaigns";

/**
 * While nothing is written yet, nobody can be said anything: that is told once, at the content, and not line by line of
 * numbers that are good.
 */
export function unwritten(e: Estimate): Estimate {
  const why = e.blockers.find((b) => b.field.startsWith("content") && b.code !== "nobody_reached");
  if (!why || e.recipients > 0 || e.unsaid === 0) return e;
  return {
    ...e,
    recipients: e.unsaid,
    unsaid: 0,
    faults: e.faults.filter((f) => f.en !== why.en),
    blockers: e.blockers.filter((b) => b.code !== "nobody_reached"),
  };
}
