import { beforeEach, expect, test } from "vitest";
import { loadDraft, saveDraft } from "./drafts";

beforeEach(() => localStorage.clear());

test("a draft belongs to one user and one session", () => {
  saveDraft(1, 7, "Ich schaue nach");

  expect(loadDraft(1, 7)).toBe("Ich schaue nach");
  expect(loadDraft(1, 8)).toBe("");
  expect(loadDraft(2, 7)).toBe("");
});

test("an emptied draft is gone", () => {
  saveDraft(1, 7, "x");
  saveDraft(1, 7, "  ");

  expect(localStorage.length).toBe(0);
});

test("drafts are bounded, the oldest go first", () => {
  for (let i = 0; i < 205; i++) saveDraft(1, i, "text", i);

  expect(loadDraft(1, 0)).toBe("");
  expect(loadDraft(1, 204)).toBe("text");
  expect(localStorage.length).toBe(200);
});

test("a damaged entry is no draft and no error", () => {
  localStorage.setItem("depesche.draft.1.7", "{");

  expect(loadDraft(1, 7)).toBe("");
});
