import { beforeAll, expect, test } from "vitest";
import type { Session } from "../api/types";
import { draftText, previewText } from "../features/inbox/words";
import { setLang } from "../i18n/i18n.svelte";
import { news } from "./notify.svelte";

beforeAll(() => setLang("en"));
const session = (id: number, more: Partial<Session> = {}): Session =>
  ({
    id,
    state: "waiting",
    extension: null,
    last_direction: "in",
    last_at: 1,
    unread: 1,
    last_text: "Hello",
    last_files: 0,
    ...more,
  }) as Session;

test("news is what customers wrote to me or to a queue, unread and not in sight", () => {
  const mine = { id: 7, number: "1001", name: "Anna" };
  const all = [
    session(1),
    session(2, { state: "held", extension: mine }),
    session(3, { state: "held", extension: { ...mine, id: 8 } }),
    session(4, { last_direction: "out" }),
    session(5, { unread: 0 }),
    session(6, { state: "closed" }),
    session(9),
  ];

  expect(news(all, 7, 9).map((s) => s.id)).toEqual([1, 2]);
});

test("the last message in a few words", () => {
  expect(previewText(session(1))).toBe("Hello");
  expect(previewText(session(1, { last_text: "", last_files: 2 }))).toBe("2 attachments");
  expect(previewText(session(1, { last_text: "Look", last_files: 2 }))).toBe("Look");
  expect(previewText(session(1, { last_text: "" }))).toBe("Unsupported content");
  expect(draftText({ text: "", uploads: [4] })).toBe("1 attachment");
  expect(draftText({ text: "Hi", uploads: [4] })).toBe("Hi");
});
