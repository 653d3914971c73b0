// The mock's engine: campaigns move on a timer, one to a channel, so that progress, pause, stop and retry can be tried.
const STATES = [
  "waiting",
  "queued",
  "sending",
  "sent",
  "delivered",
  "read",
  "failed",
  "undelivered",
  "uncertain",
  "skipped",
  "cancelled",
];
const RUNNING = new Set(["executing", "retrying"]);
const PRICE_MICROS = 75_000;
export const reason = (code, en, de, todo_en = null, todo_de = null) => ({
  code,
  carrier_code: null,
  detail: null,
  en,
  de,
  todo_en,
  todo_de,
});
export const WHY = {
  unknown: reason("unknown_number", "The number does not exist.", "Die Rufnummer gibt es nicht."),
  credit: reason(
    "no_credit",
    "The carrier has refused 10 messages in a row: the account has no credit.",
    "Der Anbieter hat 10 Nachrichten in Folge abgelehnt: Das Guthaben ist aufgebraucht.",
    "Top up the account, then choose Resume.",
    "Laden Sie das Guthaben auf und wählen Sie dann Fortsetzen.",
  ),
  uncertain: reason("no_answer", "No answer came from the carrier.", "Vom Anbieter kam keine Antwort."),
  opted_out: reason("opted_out", "Has opted out.", "Hat sich abgemeldet."),
  duplicate: reason(
    "duplicate",
    "The number stands in the list more than once.",
    "Die Rufnummer steht mehrfach in der Liste.",
  ),
  invalid: reason("not_a_number", "This is no phone number.", "Das ist keine Rufnummer."),
  excluded: reason("excluded", "Excluded from this campaign.", "Von dieser Kampagne ausgeschlossen."),
};

export function countsOf(world, c) {
  const list = world.recipients.get(c.id) ?? [];
  const counts = Object.fromEntries(STATES.map((s) => [s, 0]));
  for (const r of list) counts[r.state] += 1;
  const n = (test) => list.filter(test).length;
  return {
    all: list.length,
    ...counts,
    replied: n((r) => r.replied_at),
    opted_out: n((r) => r.opted_out_at),
    clicked: n((r) => r.clicks > 0),
  };
}
export function may(world, c) {
  const counts = countsOf(world, c);
  const can = {
    draft: ["edit", "launch", "delete"],
    scheduled: ["edit", "unschedule", "cancel", "delete"],
    pending: ["pause", "cancel"],
    executing: ["pause", "cancel"],
    retrying: ["pause", "cancel"],
    paused: ["resume", "cancel"],
    stop: ["resume", "cancel"],
    completed: ["delete"],
    cancelled: ["delete"],
  }[c.status];
  const over = c.status === "completed" || c.status === "stop";
  return [...can, "duplicate", ...(over && counts.failed > 0 ? ["retry"] : [])];
}

export function makeRunner(world, told) {
  const { data } = world;
  const of = (c) => world.recipients.get(c.id) ?? [];
  const busy = (c) => world.all.some((x) => x !== c && x.plan.channel === c.plan.channel && RUNNING.has(x.status));

  function fill(c, everybody) {
    const at = Date.now();
    world.recipients.set(
      c.id,
      everybody.map((r) => recipient(r, at)),
    );
  }
  const recipient = (r, at, more = {}) => ({
    id: data.nextId(),
    name: r.name,
    given: r.given,
    address: r.address,
    state: r.reason ? "skipped" : "waiting",
    reason: r.reason ? WHY[r.reason] : null,
    tries: 0,
    changed_at: at,
    sent_at: null,
    delivered_at: null,
    read_at: null,
    replied_at: null,
    opted_out_at: null,
    clicks: 0,
    session: null,
    message: null,
    segments: 1,
    cost: null,
    ...more,
  });
  function start(c, status) {
    c.status = busy(c) ? "pending" : status;
    c.wanted = status;
    c.reason = null;
    if (c.status !== "pending") c.started_at ??= Date.now();
  }
  function begin(c) {
    const { start: at } = c.plan.rules;
    if (at) Object.assign(c, { status: "scheduled", due_at: Date.parse(at.local) });
    else start(c, "executing");
  }
  /** What becomes of one is written on its number. */
  function ending(r) {
    if (r.tries > 1) return "delivered";
    const last = (r.address ?? "").slice(-2);
    return { "02": "failed", "03": "sent", "05": "uncertain", "04": "read" }[last] ?? "delivered";
  }
  function send(c, r) {
    const at = Date.now();
    r.tries += 1;
    r.state = ending(r);
    r.changed_at = at;
    r.reason = { failed: WHY.unknown, uncertain: WHY.uncertain }[r.state] ?? null;
    if (["sent", "delivered", "read"].includes(r.state)) {
      r.sent_at = at;
      r.cost = { micros: PRICE_MICROS, currency: "EUR" };
      r.session = data.clara;
    }
    if (r.state !== "sent" && r.sent_at) r.delivered_at = at;
    if (r.state === "read") r.read_at = at;
  }
  function tick() {
    for (const c of world.all) {
      if (c.status === "pending" && !busy(c)) {
        start(c, c.wanted);
        told(c);
      }
      if (!RUNNING.has(c.status)) continue;
      const open = of(c).filter((r) => r.state === "waiting" || r.state === "queued");
      for (const r of open.slice(0, world.pace.each)) send(c, r);
      if (c.stops && of(c).filter((r) => r.state === "failed").length > 0) {
        Object.assign(c, { status: "stop", reason: WHY.credit, stops: false });
      } else if (open.length <= world.pace.each) Object.assign(c, { status: "completed", ended_at: Date.now() });
      c.version += 1;
      told(c);
    }
    timer = setTimeout(tick, world.pace.stepMs);
    timer.unref();
  }
  let timer = setTimeout(tick, world.pace.stepMs);
  timer.unref();

  function timeline(c) {
    const moments = of(c).flatMap((r) => [
      ...(r.sent_at ? [[r.sent_at, "sent"]] : []),
      ...(r.delivered_at ? [[r.delivered_at, "delivered"]] : []),
      ...(r.read_at ? [[r.read_at, "read"]] : []),
      ...(r.state === "failed" || r.state === "undelivered" ? [[r.changed_at, "failed"]] : []),
    ]);
    if (moments.length === 0) return { step_ms: 1000, timeline: [] };
    const first = Math.min(...moments.map(([at]) => at));
    const last = Math.max(...moments.map(([at]) => at));
    const step_ms = Math.max(250, Math.ceil((last - first) / 60));
    // Only steps in which something happened, as the daemon says them.
    const steps = new Map();
    for (const [at, what] of moments.sort(([a], [b]) => a - b)) {
      const begins = Math.floor(at / step_ms) * step_ms;
      const step = steps.get(begins) ?? { at: begins, sent: 0, delivered: 0, read: 0, failed: 0 };
      step[what] += 1;
      steps.set(begins, step);
    }
    return { step_ms, timeline: [...steps.values()] };
  }
  const cost = (c) => ({ micros: of(c).filter((r) => r.cost).length * PRICE_MICROS, currency: "EUR" });
  function results(c) {
    const reasons = new Map();
    for (const r of of(c).filter((x) => x.reason)) {
      const key = `${r.reason.code} ${r.state}`;
      const { code, en, de } = r.reason;
      const hit = reasons.get(key) ?? { code, en, de, state: r.state, count: 0 };
      reasons.set(key, { ...hit, count: hit.count + 1 });
    }
    const clicks = of(c).reduce((sum, r) => sum + r.clicks, 0);
    const people = of(c).filter((r) => r.clicks > 0).length;
    return {
      counts: countsOf(world, c),
      cost: [cost(c)],
      reasons: [...reasons.values()].sort((a, b) => b.count - a.count),
      ...timeline(c),
      reports: c.plan.channel !== 2,
      links: clicks > 0 ? [{ target: "https://www.example.com/herbst", clicks, people }] : [],
    };
  }
  function chosen(c, ids, state) {
    return of(c).filter((r) => r.state === state && (ids === null || ids === undefined || ids.includes(r.id)));
  }
  return {
    fill,
    begin,
    recipient,
    results,
    cost,
    pause: (c) => void (c.status = "paused"),
    resume: (c) => start(c, "executing"),
    unschedule: (c) => Object.assign(c, { status: "draft", due_at: null }) && world.recipients.delete(c.id),
    cancel(c) {
      for (const r of of(c)) if (r.state === "waiting" || r.state === "queued") r.state = "cancelled";
      Object.assign(c, { status: "cancelled", ended_at: Date.now(), reason: null });
    },
    retry(c, ids) {
      for (const r of chosen(c, ids, "failed")) Object.assign(r, { state: "waiting", reason: null });
      c.ended_at = null;
      start(c, "retrying");
    },
    settle(c, ids, choice) {
      const list = chosen(c, ids, "uncertain");
      const state = { arrived: "sent", failed: "failed", send_again: "waiting" }[choice];
      for (const r of list)
        Object.assign(r, { state, changed_at: Date.now(), reason: state === "failed" ? WHY.uncertain : null });
      if (choice === "send_again" && list.length > 0) start(c, "retrying");
      return list.length;
    },
    stop: () => clearTimeout(timer),
  };
}
