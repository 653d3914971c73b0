import { expect, test } from "vitest";
import type { Counts, Estimate } from "../../api/campaigns";
import type { Template } from "../../api/types";
import { unwritten } from "./estimate";
import { isPast, momentOf, spans } from "./moment";
import { emptyPlan, senderOf, senderValue, templatePlan, usedValues, typedCount } from "./plan";
import { arrivedShare, bars, progressOf, STATES } from "./progress";
import { about, stepOf } from "./steps";
import { drawn, summed } from "./timeline";

const counts = (some: Partial<Counts>): Counts => {
  const all = Object.fromEntries(
    [...STATES, "replied", "opted_out", "clicked"].map((s) => [s, some[s as "sent"] ?? 0]),
  ) as Counts;
  return { ...all, all: STATES.reduce((sum, s) => sum + all[s], 0) };
};

test("every recipient is in one part of the progress", () => {
  const c = counts({ waiting: 5, sent: 1, delivered: 3, read: 2, failed: 1, undelivered: 1, uncertain: 1, skipped: 4 });

  const p = progressOf(c);

  expect(p).toEqual({ all: 18, done: 13, delivered: 5, sent: 1, failed: 3, left: 4, open: 5 });
  expect(p.done + p.open).toBe(p.all);
  expect(arrivedShare(c)).toBeCloseTo((5 / 7) * 100);
});

test("a bar never leaves its frame, and one failure among many is still seen", () => {
  const shown = bars(progressOf(counts({ delivered: 9999, failed: 1 })));

  expect(shown.map((b) => b.part)).toEqual(["delivered", "failed"]);
  expect(shown.at(-1)?.width).toBeGreaterThan(0);
  for (const b of shown) expect(b.from + b.width).toBeLessThanOrEqual(100);
  expect(bars(progressOf(counts({})))).toEqual([]);
});

test("a field of the plan leads to its step", () => {
  expect(stepOf("channel")).toBe("basics");
  expect(stepOf("plan.content.template.body.0")).toBe("content");
  expect(stepOf("audience.books.1.kinds")).toBe("recipients");
  expect(stepOf("rules.start.local")).toBe("rules");
  expect(stepOf("something")).toBe("check");
  expect(about([{ field: "rules.hours.days" }], "rules.hours")).toBeDefined();
  expect(about([{ field: "rules.hours_more" }], "rules.hours")).toBeUndefined();
  expect(about([{ field: "content.template.header" }], "content.template", true)).toBeUndefined();
});

test("a moment in a zone is right on both sides of the change of the clocks", () => {
  expect(momentOf("2026-07-01T09:00", "Europe/Berlin")).toBe(Date.UTC(2026, 6, 1, 7));
  expect(momentOf("2026-12-01T09:00", "Europe/Berlin")).toBe(Date.UTC(2026, 11, 1, 8));
  expect(momentOf("2026-12-01T09:00", "America/New_York")).toBe(Date.UTC(2026, 11, 1, 14));
  expect(momentOf("2026-10-25T12:00", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 11));
  expect(momentOf("nie", "Europe/Berlin")).toBeNull();
  expect(momentOf("2026-12-01T09:00", "Mond/Krater")).toBeNull();
  expect(isPast({ local: "2026-12-01T09:00", zone: "Asia/Tokyo" }, Date.UTC(2026, 11, 1, 0, 1))).toBe(true);
});

test("a duration is its two largest parts", () => {
  expect(spans(0.4)).toEqual([["second", 1]]);
  expect(spans(59)).toEqual([["second", 59]]);
  expect(spans(3900)).toEqual([
    ["hour", 1],
    ["minute", 5],
  ]);
  expect(spans(90_000)).toEqual([
    ["day", 1],
    ["hour", 1],
  ]);
  expect(spans(86_400)).toEqual([["day", 1]]);
});

test("a sender goes through a select and back", () => {
  for (const sender of [null, { number: 3 }, { pool: "nord: a" }])
    expect(senderOf(senderValue(sender))).toEqual(sender);
});

test("a plan begins empty, direct and as advertising, as the daemon has it", () => {
  const { rules, audience } = emptyPlan("A");

  expect([rules.session, rules.stop_after, rules.marketing, rules.start]).toEqual(["direct", 10, true, null]);
  expect(audience.books).toEqual([]);
  expect(typedCount("+49 1\n\n 2; 3,\n")).toBe(3);
});

test("a template's values are asked for in its order and shown under its names", () => {
  const template = {
    name: "angebot",
    language: "de",
    needs: {
      header: "text",
      header_variable: "titel",
      body: ["vorname", "bis"],
      buttons: [
        { index: 0, kind: "QUICK_REPLY", text: "Ja", required: false },
        { index: 1, kind: "URL", text: "Mehr", required: true },
      ],
    },
  } as unknown as Template;

  const plan = templatePlan(template);
  expect(plan).toEqual({
    name: "angebot",
    language: "de",
    header: "",
    body: ["", ""],
    buttons: [{ index: 1, value: "" }],
  });
  const use = {
    name: "angebot",
    language: "de",
    header: { type: "text" as const, value: "Herbst" },
    body: [{ name: "vorname", value: "Anna" }, { value: "Montag" }],
    buttons: [{ index: 1, value: "x" }],
  };
  expect(usedValues(template, use)).toEqual({
    "header.titel": "Herbst",
    "body.vorname": "Anna",
    "body.bis": "Montag",
    "buttons.1": "x",
  });
});

test("the course begins at nothing, is flat where nothing happened and ends at what the counters say", () => {
  const steps = [
    { at: 0, sent: 2, delivered: 1, read: 0, failed: 0 },
    { at: 30, sent: 3, delivered: 2, read: 0, failed: 1 },
  ];

  const course = summed(steps, 10);

  expect(course.map((s) => [s.at, s.sent])).toEqual([
    [0, 0],
    [10, 2],
    [30, 2],
    [40, 5],
  ]);
  expect(course.at(-1)).toEqual({ at: 40, sent: 5, delivered: 3, read: 0, failed: 1 });
  expect(drawn(course)).toEqual(["sent", "delivered", "failed"]);
});

test("numbers are good before anything is written: the empty text is told once", () => {
  const empty = { field: "content.text", code: "text_empty", en: "The message is empty.", de: "Leer." };
  const line = { source: "typed", line: 1, given: "+491", en: empty.en, de: empty.de };
  const nobody = { field: "content", code: "nobody_reached", en: "nobody", de: "niemand" };
  const bad = { source: "typed", line: 2, given: "x", en: "No number.", de: "Keine Nummer." };
  const told = {
    recipients: 0,
    unsaid: 1,
    invalid: 1,
    faults: [line, bad],
    blockers: [empty, nobody],
  } as unknown as Estimate;

  expect(unwritten(told)).toEqual({ recipients: 1, unsaid: 0, invalid: 1, faults: [bad], blockers: [empty] });
  expect(unwritten({ ...told, blockers: [nobody] })).toEqual({ ...told, blockers: [nobody] });
});
