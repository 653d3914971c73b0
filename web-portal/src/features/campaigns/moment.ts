// Pure: dates and times as people say them, in a zone of their choice.
import type { Plan } from "../../api/campaigns";

/** What the clock of the zone is ahead of UTC at that moment, in milliseconds. */
function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(at);
  const n = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(n("year"), n("month") - 1, n("day"), n("hour"), n("minute")) - Math.floor(at / 60_000) * 60_000;
}
/** The moment that `2026-12-01T09:00` is in a zone; null: no such date or zone. */
export function momentOf(local: string, zone: string): number | null {
  const utc = Date.parse(`${local}Z`);
  if (Number.isNaN(utc)) return null;
  try {
    const near = utc - offset(utc, zone);
    return utc - offset(near, zone);
  } catch {
    return null;
  }
}
export const isPast = (start: NonNullable<Plan["rules"]["start"]>, now: number): boolean => {
  const at = momentOf(start.local, start.zone);
  return at !== null && at < now;
};
/** Tomorrow at nine, on the browser's clock. */
export function tomorrow(now: number): string {
  const d = new Date(now + 86_400_000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T09:00`;
}
export function zones(mine: string): string[] {
  const all = Intl.supportedValuesOf("timeZone");
  return all.includes(mine) ? all : [mine, ...all];
}

/** Days, hours, minutes: the two largest that are not zero. */
export function spans(seconds: number): ["day" | "hour" | "minute" | "second", number][] {
  if (seconds < 60) return [["second", Math.max(1, Math.round(seconds))]];
  const minutes = Math.round(seconds / 60);
  const all: ["day" | "hour" | "minute", number][] = [
    ["day", Math.floor(minutes / 1440)],
    ["hour", Math.floor((minutes % 1440) / 60)],
    ["minute", minutes % 60],
  ];
  const first = all.findIndex(([, n]) => n > 0);
  return all.slice(first, first + 2).filter(([, n]) => n > 0);
}
