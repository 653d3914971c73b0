// Pure: which files stay and which go, and why, so that only those that offend are taken away.
import type { Fit, MediaRules, Reason } from "../api/types";

/** What holds where the channel's own rules are not known yet. */
export const HOUSE_FILES_MAX = 10;
export const HOUSE_UPLOAD_BYTES_MAX = 100_000_000;

export interface Bad<F> {
  file: F;
  code: "files_too_many" | "file_too_large" | "file_unreadable";
  max: number;
}

/** What can be said before a single byte has left: how many, how large, empty. Types are the daemon's to find out. */
export function sortOut<F extends { size: number }>(
  files: readonly F[],
  present: number,
  rules: Pick<MediaRules, "files_max" | "upload_bytes_max"> | null,
): { good: F[]; bad: Bad<F>[] } {
  const filesMax = rules?.files_max ?? HOUSE_FILES_MAX;
  const bytesMax = rules?.upload_bytes_max ?? HOUSE_UPLOAD_BYTES_MAX;
  const good: F[] = [];
  const bad: Bad<F>[] = [];
  for (const file of files) {
    if (file.size === 0) bad.push({ file, code: "file_unreadable", max: 0 });
    else if (file.size > bytesMax) bad.push({ file, code: "file_too_large", max: bytesMax });
    else if (present + good.length >= filesMax) bad.push({ file, code: "files_too_many", max: filesMax });
    else good.push(file);
  }
  return { good, bad };
}

/**
 * What the daemon's answer means for each file: those that cannot leave, the newest first where all together are too
 * much, and what is wrong with all of them.
 */
export function judge(fit: Fit, filesMax: number): { drop: Map<number, Reason>; whole: Reason | null } {
  const drop = new Map<number, Reason>();
  for (const file of fit.files) if (file.problem) drop.set(file.upload, file.problem);
  const problem = fit.problem;
  if (!problem) return { drop, whole: null };
  const left = fit.files.filter((f) => !drop.has(f.upload));
  const toShed =
    problem.code === "files_too_large"
      ? () => left.reduce((sum, f) => sum + f.bytes, 0) > fit.total_bytes_max
      : problem.code === "files_too_many"
        ? () => left.length > filesMax
        : () => false;
  while (left.length > 0 && toShed()) {
    const last = left.pop();
    if (last) drop.set(last.upload, problem);
  }
  return { drop, whole: drop.size > 0 ? null : problem };
}

/** For the file picker: what the channel takes, as a hint; pictures of other types are converted. */
export function acceptOf(rules: MediaRules | null): string {
  if (!rules) return "";
  const types = rules.types.map((t) => (t.family === "picture" ? "image/*" : t.media_type));
  return [...new Set(types)].join(",");
}
