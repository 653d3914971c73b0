import { expect, test } from "vitest";
import type { Page, Session, ThreadItem, ThreadPage } from "../api/types";
import { belongs, mergeSessions, mergeThread, prependThread } from "./merge";

const session = (id: number, lastAt: number, more: Partial<Session> = {}): Session => ({
  id,
  channel: { id: 1, name: "SMS", kind: "sms" },
  number: { id: 1, address: "+4915550000100", label: "Vertrieb", can_mms: false },
  peer: { id, address: `+49155500009${id}`, name: null },
  state: "waiting",
  queue: { id: 1, name: "Vertrieb" },
  extension: null,
  pick_up: "manual",
  opened_at: 0,
  closed_at: null,
  last_at: lastAt,
  last_text: "",
  last_files: 0,
  last_direction: "in",
  last_status: "received",
  unread: 1,
  awaiting_reply: true,
  window: null,
  opted_out: null,
  can: { reply: true, pick_up: true, transfer: true, end: true },
  ...more,
});
const page = (items: Session[], next: string | null = null): Page<Session>[] => [{ items, next }];
const ids = (pages: Page<Session>[] | null) => pages?.flatMap((p) => p.items.map((s) => s.id));
const held = (id: number, by: number) =>
  session(id, 50, { state: "held", extension: { id: by, number: "1001", name: "Anna" } });
const none: ReadonlySet<number> = new Set();

test("a changed session moves to the top", () => {
  const pages = page([session(1, 30), session(2, 20)]);

  expect(ids(mergeSessions(pages, { tab: "waiting" }, [session(2, 40)], none, null))).toEqual([2, 1]);
});

test("a session somebody picked up leaves the waiting list and joins theirs", () => {
  const pages = page([session(1, 30), session(2, 20)]);

  expect(ids(mergeSessions(pages, { tab: "waiting" }, [held(1, 7)], none, 7))).toEqual([2]);
  expect(ids(mergeSessions(page([]), { tab: "mine" }, [held(1, 7)], none, 7))).toEqual([1]);
  expect(ids(mergeSessions(page([]), { tab: "mine" }, [held(1, 8)], none, 7))).toEqual([]);
});

test("a session that may no longer be seen disappears", () => {
  expect(ids(mergeSessions(page([session(1, 30)]), { tab: "all" }, [], new Set([1]), null))).toEqual([]);
});

test("a row older than the loaded pages waits for its own page", () => {
  const pages = page([session(1, 30), session(2, 20)], "cursor");

  expect(ids(mergeSessions(pages, { tab: "waiting" }, [session(9, 10)], none, null))).toEqual([1, 2]);
});

test("a searched list is fetched again", () => {
  expect(mergeSessions(page([]), { tab: "all", q: "anna" }, [session(1, 1)], none, null)).toBeNull();
  expect(belongs(session(1, 1), { tab: "all", channel: 2 }, null)).toBe(false);
});

const message = (id: number, status = "queued") =>
  ({ type: "message", message: { id, at: id, status } }) as unknown as ThreadItem;
const thread = (items: ThreadItem[], before: string | null = null): ThreadPage => ({ items, before });

test("the newest page updates what is loaded and adds what is new", () => {
  const merged = mergeThread(thread([message(1), message(2)], "b"), thread([message(2, "delivered"), message(3)], "x"));

  expect(merged).toEqual(thread([message(1), message(2, "delivered"), message(3)], "b"));
});

test("pages that no longer touch are not glued together", () => {
  const newest = thread([message(8), message(9)], "x");

  expect(mergeThread(thread([message(1)], "b"), newest)).toBe(newest);
});

test("an older page comes in front, nothing twice", () => {
  expect(prependThread(thread([message(2)], "b"), thread([message(1), message(2)]))).toEqual(
    thread([message(1), message(2)]),
  );
});
