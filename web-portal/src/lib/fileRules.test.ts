import { expect, test } from "vitest";
import type { Fit, FitFile, MediaRules, Reason } from "../api/types";
import { acceptOf, judge, sortOut } from "./fileRules";

const reason = (code: Reason["code"]): Reason => ({
  code,
  carrier_code: null,
  detail: null,
  de: code,
  en: code,
  todo_de: null,
  todo_en: null,
});
const fitted = (upload: number, bytes: number, problem: Reason | null = null): FitFile => ({
  upload,
  bytes,
  media_type: "image/jpeg",
  width: null,
  height: null,
  steps: [],
  problem,
});
const fit = (files: FitFile[], problem: Reason | null = null, max = 1000): Fit => ({
  way: "files",
  total_bytes: files.reduce((sum, f) => sum + f.bytes, 0),
  total_bytes_max: max,
  files,
  problem,
});

test("only those go that are too many, too large or empty", () => {
  const files = [{ size: 10 }, { size: 0 }, { size: 2000 }, { size: 20 }, { size: 30 }];

  const { good, bad } = sortOut(files, 1, { files_max: 3, upload_bytes_max: 1000 });

  expect(good).toEqual([{ size: 10 }, { size: 20 }]);
  expect(bad.map((b) => [b.file.size, b.code, b.max])).toEqual([
    [0, "file_unreadable", 0],
    [2000, "file_too_large", 1000],
    [30, "files_too_many", 3],
  ]);
});

test("before the rules are known ten files and 100 MB hold", () => {
  const { good, bad } = sortOut(Array.from({ length: 11 }, () => ({ size: 5 })).concat({ size: 100_000_001 }), 0, null);

  expect([good.length, bad.map((b) => b.code)]).toEqual([10, ["files_too_many", "file_too_large"]]);
});

test("a file with a problem goes, the others stay", () => {
  const bad = reason("file_locked");

  const { drop, whole } = judge(fit([fitted(1, 10), fitted(2, 20, bad), fitted(3, 30)]), 10);

  expect([...drop]).toEqual([[2, bad]]);
  expect(whole).toBeNull();
});

test("where all together are too large the newest go, just as many as needed", () => {
  const why = reason("files_too_large");

  const { drop } = judge(fit([fitted(1, 500), fitted(2, 400), fitted(3, 300), fitted(4, 200)], why), 10);

  expect([...drop.keys()]).toEqual([4, 3]);
});

test("a file that goes for its own sake does not count for the total", () => {
  const files = [fitted(1, 900), fitted(2, 5000, reason("file_too_large"))];

  const { drop, whole } = judge(fit(files, reason("files_too_large")), 10);

  expect([[...drop.keys()], whole]).toEqual([[2], null]);
});

test("too many files lose the newest", () => {
  const { drop } = judge(fit([fitted(1, 1), fitted(2, 1), fitted(3, 1)], reason("files_too_many")), 2);

  expect([...drop.keys()]).toEqual([3]);
});

test("what no file alone is to blame for takes none away", () => {
  const why = reason("mms_not_possible");

  const { drop, whole } = judge(fit([fitted(1, 1)], why), 10);

  expect([drop.size, whole]).toEqual([0, why]);
});

test("the file picker offers every picture, because pictures are converted, and else what is taken", () => {
  const rules: MediaRules = {
    way: "files",
    why: null,
    files_max: 10,
    total_bytes_max: 1,
    upload_bytes_max: 1,
    types: [
      { media_type: "image/jpeg", family: "picture", bytes_max: 1 },
      { media_type: "image/png", family: "picture", bytes_max: 1 },
      { media_type: "application/pdf", family: "paper", bytes_max: 1 },
    ],
  };

  expect(acceptOf(rules)).toBe("image/*,application/pdf");
  expect(acceptOf(null)).toBe("");
});
