// Pure: what a channel takes of files, between the daemon's bytes and what an admin types.
import type { ChannelMedia, MediaFamily } from "../../api/types";

export const FAMILIES: readonly MediaFamily[] = ["picture", "paper", "video", "audio", "card", "document"];
export const LIMITS = ["picture_bytes_max", "paper_bytes_max", "other_bytes_max", "total_bytes_max"] as const;
export type Limit = (typeof LIMITS)[number];
const MB = 1_000_000;

export interface MediaForm {
  /** Null: what is usual. */
  families: MediaFamily[] | null;
  files_max: string;
  limits: Record<Limit, string>;
  kept_days: string;
  strip_location: boolean;
  active_pdf: ChannelMedia["active_pdf"];
  links_instead: boolean;
  countries: string;
}

/** 600000 as "0,6" where a comma is usual. */
export const megabytes = (bytes: number | null, lang: string): string =>
  bytes === null ? "" : (bytes / MB).toLocaleString(lang, { maximumFractionDigits: 6, useGrouping: false });

export const formOf = (m: ChannelMedia, lang: string): MediaForm => ({
  families: m.families,
  files_max: m.files_max === null ? "" : String(m.files_max),
  limits: Object.fromEntries(LIMITS.map((l) => [l, megabytes(m[l], lang)])) as Record<Limit, string>,
  kept_days: String(m.kept_days),
  strip_location: m.strip_location,
  active_pdf: m.active_pdf,
  links_instead: m.links_instead,
  countries: m.countries === null ? "" : m.countries.join(", "),
});

/** What is sent, or the codes of what is wrong, by field. */
export function mediaOf(form: MediaForm): {
  body: Omit<ChannelMedia, "defaults"> | null;
  errors: Partial<Record<string, string>>;
} {
  const errors: Partial<Record<string, string>> = {};
  const filesMax = form.files_max.trim() === "" ? null : Number(form.files_max);
  if (filesMax !== null && !(Number.isInteger(filesMax) && filesMax >= 1 && filesMax <= 10))
    errors.files_max = "not_files";
  const days = Number(form.kept_days);
  if (!Number.isInteger(days) || days < 1) errors.kept_days = "not_days";
  const limit = (name: Limit): number | null => {
    const typed = form.limits[name].trim();
    if (typed === "") return null;
    const bytes = Math.round(Number(typed.replace(",", ".")) * MB);
    if (!(bytes > 0)) errors[name] = "not_megabytes";
    return bytes;
  };
  const limits = Object.fromEntries(LIMITS.map((l) => [l, limit(l)])) as Record<Limit, number | null>;
  const countries = form.countries
    .toUpperCase()
    .split(/[\s,;]+/)
    .filter(Boolean);
  if (countries.some((c) => !/^[A-Z]{2}$/.test(c))) errors.countries = "not_countries";
  const body = {
    families: form.families,
    files_max: filesMax,
    ...limits,
    kept_days: days,
    strip_location: form.strip_location,
    active_pdf: form.active_pdf,
    links_instead: form.links_instead,
    countries: countries.length > 0 ? countries : null,
  };
  return { body: Object.keys(errors).length > 0 ? null : body, errors };
}
