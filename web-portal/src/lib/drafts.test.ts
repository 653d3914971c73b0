import { beforeEach, expect, test } from "vitest";
import { loadDraft, saveDraft } from "./drafts";

beforeEach(() => localStorage.clear());

test("a draft belongs to one user and one session", () => {
  saveDraft(1, 7, { text: "Ich schaue nach" });

  expect(loadDraft(1, 7).text).toBe("Ich schaue nach");
  expect(loadDraft(1, 8).text).toBe("");
  expect(loadDraft(2, 7).text).toBe("");
});

test("an emptied draft is gone", () => {
  saveDraft(1, 7, { text: "x" });
  saveDraft(1, 7, { text: "  " });

  expect(localStorage.length).toBe(0);
});

test("drafts are bounded, the oldest go first", () => {
  for (let i = 0; i < 205; i++) saveDraft(1, i, { text: "text" }, i);

  expect(loadDraft(1, 0).text).toBe("");
  expect(loadDraft(1, 204).text).toBe("text");
  expect(localStorage.length).toBe(200);
});

test("a damaged entry is no draft and no error", () => {
  localStorage.setItem("depesche.draft.1.7", "{");

  expect(loadDraft(1, 7).text).toBe("");
});

test("text and files are kept apart and each survives a change of the other", () => {
  saveDraft(1, 7, { text: "Anbei" });
  saveDraft(1, 7, { uploads: [3, 4] });
  saveDraft(1, 7, { text: "Anbei die Bilder" });

  expect(loadDraft(1, 7)).toEqual({ text: "Anbei die Bilder", uploads: [3, 4] });
});

test("files without a word are a draft; without either there is none", () => {
  saveDraft(1, 7, { uploads: [3] });
  expect(loadDraft(1, 7)).toEqual({ text: "", uploads: [3] });

  saveDraft(1, 7, { uploads: [] });
  expect(localStorage.length).toBe(0);
});

test("a draft of an older version, or with nonsense for files, is its text", () => {
  localStorage.setItem("depesche.draft.1.7", '{"text":"alt","at":1}');
  localStorage.setItem("depesche.draft.1.8", '{"text":"x","uploads":["1",-2,null,5],"at":1}');

  expect(loadDraft(1, 7)).toEqual({ text: "alt", uploads: [] });
  expect(loadDraft(1, 8)).toEqual({ text: "x", uploads: [5] });
});
