import { expect, test } from "vitest";
import type { Attachment, Reason } from "../api/types";
import { ofMessage } from "./attachments";

const file = (position: number, more: Partial<Attachment>): Attachment => ({
  id: position + 1,
  position,
  name: `${position}`,
  family: "picture",
  media_type: "image/jpeg",
  bytes: 1,
  width: 1,
  height: 1,
  count: null,
  state: "here",
  reason: null,
  has_thumb: true,
  steps: [],
  fetched: 0,
  ...more,
});
const why = (code: Reason["code"]) => ({ code, de: "", en: "" }) as Reason;

test("pictures that are here are shown as pictures, in their order, everything else as a line", () => {
  const shown = ofMessage([
    file(2, {}),
    file(0, { family: "paper" }),
    file(1, {}),
    file(3, { state: "loading" }),
    file(4, { state: "expired" }),
  ]);

  expect(shown.pictures.map((a) => a.position)).toEqual([1, 2]);
  expect(shown.others.map((a) => a.position)).toEqual([0, 3, 4]);
  expect(shown.here.length).toBe(3);
});

test("what failed for what it is is one sentence; another failure keeps its line and its reason", () => {
  const shown = ofMessage([
    file(0, { state: "failed", reason: why("file_type_not_allowed") }),
    file(1, { state: "failed", reason: why("file_unreadable") }),
    file(2, { state: "failed", reason: why("file_gone") }),
  ]);

  expect(shown.unsupported).toBe(2);
  expect(shown.others.map((a) => a.position)).toEqual([2]);
});
