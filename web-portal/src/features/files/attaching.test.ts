import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { uploads } from "../../api/calls";
import { Problem } from "../../api/problem";
import type { Fit, MediaRules, Reason, Upload } from "../../api/types";
import { upload } from "../../api/upload";
import { setLang } from "../../i18n/i18n.svelte";
import { Attaching, type Target } from "./attaching.svelte";

vi.mock("../../api/upload", () => ({ upload: vi.fn() }));
vi.mock("../../api/calls", () => ({ uploads: { byIds: vi.fn(), forget: vi.fn(() => Promise.resolve()) } }));

beforeAll(() => setLang("en"));

const reason = (code: Reason["code"]) =>
  ({ code, de: code, en: `says ${code}`, todo_de: null, todo_en: null }) as Reason;
const RULES: MediaRules = {
  way: "files",
  why: null,
  files_max: 3,
  total_bytes_max: 1000,
  upload_bytes_max: 500,
  types: [],
};
const uploaded = (id: number, bytes: number): Upload => ({
  id,
  name: `${id}`,
  family: "picture",
  media_type: "image/png",
  bytes,
  width: 1,
  height: 1,
  count: null,
  has_thumb: true,
});
const fitOf = (ids: number[], more: Partial<Fit> = {}): Fit => ({
  way: "files",
  total_bytes: 0,
  total_bytes_max: 1000,
  files: ids.map((id) => ({
    upload: id,
    bytes: 10,
    media_type: "image/jpeg",
    width: 1,
    height: 1,
    steps: [],
    problem: null,
  })),
  problem: null,
  ...more,
});
const target = (fit: Target["fit"], rules = RULES): Target => ({ key: "x", rules: () => Promise.resolve(rules), fit });
const file = (name: string, size = 10) => new File([new Uint8Array(size)], name);

let nextId = 0;
beforeEach(() => {
  nextId = 0;
  vi.mocked(uploads.forget).mockClear();
  vi.mocked(upload).mockReset();
  vi.mocked(upload).mockImplementation((f: File) => ({
    done: Promise.resolve(uploaded(++nextId, f.size)),
    abort: () => {},
  }));
});
const settled = (a: Attaching) => vi.waitFor(() => expect([a.busy, a.fitting]).toEqual([false, false]));

test("files are uploaded, fitted and ready; the draft hears of them", async () => {
  const kept: number[][] = [];
  const a = new Attaching((ids) => kept.push(ids));
  a.pointTo(target((ids) => Promise.resolve(fitOf(ids))));

  await a.add([file("a"), file("b")]);
  expect(a.ready).toBe(false);
  await settled(a);

  expect([a.ready, a.ids, kept.at(-1), a.total, a.totalMax]).toEqual([true, [1, 2], [1, 2], 20, 1000]);
});

test("each file that cannot go is named with its reason and only that one goes", async () => {
  const a = new Attaching();
  a.pointTo(
    target((ids) => {
      const fit = fitOf(ids);
      for (const f of fit.files) if (f.upload === 2) f.problem = reason("file_active");
      return Promise.resolve(fit);
    }),
  );

  await a.add([file("large", 501), file("good"), file("acts"), file("third"), file("fourth")]);
  await settled(a);

  expect(a.items.map((i) => i.name)).toEqual(["good", "third"]);
  expect(a.refusals.map((r) => [r.name, r.code])).toEqual([
    ["large", "file_too_large"],
    ["fourth", "files_too_many"],
    ["acts", "file_active"],
  ]);
  expect(a.refusals[2]?.text).toBe("says file_active");
  expect(uploads.forget).toHaveBeenCalledWith(2);
  expect(a.ready).toBe(true);
});

test("a refused type goes with the daemon's words; a broken line stays to be tried again", async () => {
  const refused = new Problem({ status: 415, code: "file_type_not_allowed", title: "a.exe: Not this." });
  const broken = new Problem({ status: 0, code: "unreachable", title: "" });
  vi.mocked(upload)
    .mockReturnValueOnce({ done: Promise.reject(refused), abort: () => {} })
    .mockReturnValueOnce({ done: Promise.reject(broken), abort: () => {} });
  const a = new Attaching();
  a.pointTo(target((ids) => Promise.resolve(fitOf(ids))));

  await a.add([file("a.exe"), file("b.png")]);
  await vi.waitFor(() => expect(a.items.map((i) => i.state)).toEqual(["broken"]));

  expect(a.refusals).toEqual([{ name: "a.exe", code: "file_type_not_allowed", text: "Not this." }]);
  expect(a.ready).toBe(false);
  const [item] = a.items;
  if (item) a.again(item);
  await settled(a);
  expect(a.ready).toBe(true);
});

test("where nothing can be sent every file is refused with the reason", async () => {
  const a = new Attaching();
  a.pointTo(
    target(() => Promise.reject(new Error("not asked")), { ...RULES, way: "none", why: reason("link_not_possible") }),
  );

  await a.add([file("a")]);

  expect([a.items.length, a.refusals.map((r) => r.code), a.ready]).toEqual([0, ["link_not_possible"], true]);
  expect(upload).not.toHaveBeenCalled();
});

test("a draft's files come back in their order; what is gone is counted", async () => {
  vi.mocked(uploads.byIds).mockResolvedValueOnce([uploaded(9, 10), uploaded(7, 10)]);
  const kept: number[][] = [];
  const a = new Attaching((ids) => kept.push(ids));
  a.pointTo(target((ids) => Promise.resolve(fitOf(ids))));

  await a.restore([7, 8, 9]);
  await settled(a);

  expect([a.ids, a.lost, kept.at(-1)]).toEqual([[7, 9], 1, [7, 9]]);
});

test("a draft's files that could not be asked for are not forgotten", async () => {
  vi.mocked(uploads.byIds).mockRejectedValueOnce(new Problem({ status: 0, code: "unreachable", title: "" }));
  const a = new Attaching();

  await a.restore([7, 8]);

  expect([a.ids, a.ready, a.error !== null]).toEqual([[7, 8], false, true]);
  vi.mocked(uploads.byIds).mockResolvedValueOnce([uploaded(7, 1), uploaded(8, 1)]);
  a.retry();
  await vi.waitFor(() => expect(a.items.length).toBe(2));
});

test("another peer means another fit, and an answer that comes too late is not heard", async () => {
  let late: (fit: Fit) => void = () => {};
  const a = new Attaching();
  a.pointTo({ ...target(() => new Promise((done) => (late = done))), key: "first" });
  await a.add([file("a")]);
  await vi.waitFor(() => expect(a.fitting).toBe(true));
  await new Promise((done) => setTimeout(done, 60));

  a.pointTo({ ...target((ids) => Promise.resolve(fitOf(ids, { way: "links" }))), key: "second" });
  await settled(a);
  late(fitOf([1], { way: "none" }));
  await Promise.resolve();

  expect([a.fit?.way, a.ready]).toEqual(["links", true]);
});

test("a file taken off while it is on its way is stopped and never comes back", async () => {
  const abort = vi.fn();
  let done: (u: Upload) => void = () => {};
  vi.mocked(upload).mockReturnValueOnce({ done: new Promise((good) => (done = good)), abort });
  const a = new Attaching();
  a.pointTo(target((ids) => Promise.resolve(fitOf(ids))));
  await a.add([file("a")]);

  const [item] = a.items;
  if (item) a.remove(item);
  done(uploaded(5, 10));
  await vi.waitFor(() => expect(uploads.forget).toHaveBeenCalledWith(5));

  expect([a.items.length, abort.mock.calls.length, a.ids]).toEqual([0, 1, []]);
});

test("at most three are uploaded at once", async () => {
  const going: (() => void)[] = [];
  vi.mocked(upload).mockImplementation((f: File) => ({
    done: new Promise((good) => going.push(() => good(uploaded(++nextId, f.size)))),
    abort: () => {},
  }));
  const a = new Attaching();
  a.pointTo(target((ids) => Promise.resolve(fitOf(ids)), { ...RULES, files_max: 10 }));

  await a.add(Array.from({ length: 5 }, (_, i) => file(`${i}`)));

  expect(a.items.map((i) => i.state)).toEqual(["uploading", "uploading", "uploading", "waiting", "waiting"]);
  going[0]?.();
  await vi.waitFor(() => expect(going.length).toBe(4));
  expect(a.items.map((i) => i.state)).toEqual(["done", "uploading", "uploading", "uploading", "waiting"]);
});
