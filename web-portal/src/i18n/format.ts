// Dates, times and numbers as people in this language write them.
import { i18n } from "./i18n.svelte";

const cache = new Map<string, Intl.DateTimeFormat>();
function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = i18n.lang + JSON.stringify(options);
  let hit = cache.get(key);
  if (!hit) {
    hit = new Intl.DateTimeFormat(i18n.lang === "en" ? "en-GB" : "de-DE", options);
    cache.set(key, hit);
  }
  return hit;
}

export const clock = (at: number) => formatter({ hour: "2-digit", minute: "2-digit" }).format(at);
export const clockSeconds = (at: number) =>
  formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
export const dateTime = (at: number) => formatter({ dateStyle: "medium", timeStyle: "short" }).format(at);
export const dateTimeSeconds = (at: number) => formatter({ dateStyle: "medium", timeStyle: "medium" }).format(at);

const DAY = 86_400_000;
const dayStart = (at: number) => new Date(at).setHours(0, 0, 0, 0);
export const sameDay = (a: number, b: number) => dayStart(a) === dayStart(b);
const daysAgo = (at: number, now: number) => Math.round((dayStart(now) - dayStart(at)) / DAY);

/** "heute", "gestern", "Mo., 16. Nov.": the heading between days in a thread. */
export function dayName(at: number, now = Date.now()): string {
  const ago = daysAgo(at, now);
  if (ago === 0 || ago === 1) {
    const words = new Intl.RelativeTimeFormat(i18n.lang, { numeric: "auto" }).format(-ago, "day");
    return words.charAt(0).toLocaleUpperCase(i18n.lang) + words.slice(1);
  }
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : ("numeric" as const);
  return formatter({ weekday: "long", day: "numeric", month: "long", year }).format(at);
}

/** The short time of a list row: clock today, weekday this week, else the date. */
export function shortWhen(at: number, now = Date.now()): string {
  const ago = daysAgo(at, now);
  if (ago <= 0) return clock(at);
  if (ago === 1) return new Intl.RelativeTimeFormat(i18n.lang, { numeric: "auto" }).format(-1, "day");
  if (ago < 7) return formatter({ weekday: "short" }).format(at);
  return formatter({ day: "2-digit", month: "2-digit", year: "2-digit" }).format(at);
}

const UNITS = [
  ["day", DAY],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;
/** "vor 5 Minuten", "in 2 Stunden". */
export function relative(at: number, now = Date.now()): string {
  const diff = at - now;
  const words = new Intl.RelativeTimeFormat(i18n.lang, { numeric: "auto" });
  for (const [unit, ms] of UNITS) if (Math.abs(diff) >= ms) return words.format(Math.round(diff / ms), unit);
  return words.format(Math.round(diff / 1000), "second");
}
export const number = (n: number) => n.toLocaleString(i18n.lang);

const BYTE_STEPS = ["KB", "MB", "GB"] as const;
/** "812 Byte", "549 KB", "5,9 MB": in thousands, as limits are written. */
export function bytes(n: number): string {
  if (n < 1000) {
    const unit = { style: "unit", unit: "byte", unitDisplay: "long" } as const;
    return Math.max(0, n).toLocaleString(i18n.lang, unit).replace("\u00a0", " ");
  }
  let value = n / 1000;
  let step = 0;
  for (; value >= 999.5 && step < BYTE_STEPS.length - 1; step += 1) value /= 1000;
  const digits = step === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toLocaleString(i18n.lang, { maximumFractionDigits: digits })} ${BYTE_STEPS[step]}`;
}
