import { beforeAll, expect, test } from "vitest";
import type { FitFile, Upload } from "../../api/types";
import { setLang } from "../../i18n/i18n.svelte";
import { fitText, refusalHead, stepsText } from "./words";

beforeAll(() => setLang("de"));
const upload = { bytes: 5_900_000 } as Upload;
const fit = (more: Partial<FitFile>): FitFile => ({
  upload: 1,
  bytes: 549_000,
  media_type: "image/jpeg",
  width: 2048,
  height: 1536,
  steps: ["scaled", "recompressed"],
  problem: null,
  ...more,
});

test("what fitting made is told in pixels and bytes", () => {
  expect(fitText({ upload, fit: fit({}) })).toBe("2048 × 1536, 549 KB statt 5,9 MB");
  expect(fitText({ upload, fit: fit({ steps: ["shrunk"], width: null, height: null }) })).toBe("549 KB statt 5,9 MB");
});

test("what leaves as it is needs no words", () => {
  expect(fitText({ upload, fit: null })).toBeNull();
  expect(fitText({ upload, fit: fit({ steps: [] }) })).toBeNull();
  expect(fitText({ upload, fit: fit({ steps: ["location_removed"], bytes: 5_900_000 }) })).toBeNull();
});

test("what the size does not say stands beside it", () => {
  expect(stepsText(["scaled", "location_removed", "converted"])).toBe("ohne Ortsangaben, Format umgewandelt");
});

test("each refusal has the field's own words, an unknown one too", () => {
  expect(refusalHead("files_too_many")).toBe("Zu viele Dateien");
  expect(refusalHead("file_too_large")).toBe("Diese Datei ist zu groß");
  expect(refusalHead("too_large")).toBe("Diese Datei ist zu groß");
  expect(refusalHead("files_too_large")).toBe("Gesamtgröße überschritten");
  expect(refusalHead("file_type_not_allowed")).toBe("Dateityp nicht erlaubt");
  expect(refusalHead("something_new")).toBe("Unbekanntes Problem");
});
