// The mock's campaigns to begin with: one in each status.
import { readTable } from "./campaign-lists.mjs";
import { WHY } from "./campaign-run.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NAMES = ["Clara Neumann", "Hans Krüger", "Petra Lang", "Omar Haddad", "Ute Berg", "Nils Ohm", "", "Jana Peters"];

const plan = (name, channel, number, text, rules = {}) => ({
  name,
  channel,
  sender: number ? { number } : null,
  audience: { typed: "", books: [], without_lists: [], exclude: { typed: "", books: [], campaigns: [] } },
  content: { text, template: null, count_links: false },
  rules: {
    start: null,
    repeat: null,
    hours: null,
    pace: null,
    session: "direct",
    stop_after: 10,
    goes_on_by_itself: false,
    marketing: true,
    ...rules,
  },
});

export function furnish(world, run) {
  const { data } = world;
  const now = data.now;
  const add = (more) => {
    const c = {
      id: data.nextId(),
      status: "draft",
      reason: null,
      files: [],
      lists: [],
      due_at: null,
      started_at: null,
      ended_at: null,
      created_at: now - 3 * DAY,
      by_name: "admin",
      copy_of: null,
      version: 3,
      ...more,
    };
    world.all.push(c);
    return c;
  };
  /** As many as wanted, in these states, spread over the time since it began. */
  function people(c, states, began, took) {
    const all = states.flatMap(([state, n]) => Array.from({ length: n }, () => state));
    // Mixed, but the same every time.
    const order = all.map((state, i) => ({ state, at: (i * 37) % all.length })).sort((a, b) => a.at - b.at);
    world.recipients.set(
      c.id,
      order.map(({ state }, i) => {
        const at = Math.round(began + (took * i) / all.length);
        const address = `+49151600${String(10_000 + i * 10).padStart(5, "0")}`;
        const sent = ["sent", "delivered", "read", "undelivered"].includes(state);
        return run.recipient({ name: NAMES[i % NAMES.length], given: address, address, reason: null }, at, {
          state,
          tries: state === "skipped" || state === "waiting" || state === "cancelled" ? 0 : 1,
          reason:
            {
              failed: WHY.unknown,
              uncertain: WHY.uncertain,
              skipped: i % 2 ? WHY.opted_out : WHY.duplicate,
              undelivered: WHY.unknown,
            }[state] ?? null,
          sent_at: sent ? at : null,
          delivered_at: state === "delivered" || state === "read" ? at + 4000 : null,
          read_at: state === "read" ? at + 60_000 : null,
          replied_at: state === "read" && i % 3 === 0 ? at + 120_000 : null,
          opted_out_at: state === "read" && i % 17 === 0 ? at + 130_000 : null,
          clicks: state === "read" && i % 2 === 0 ? 1 + (i % 3) : 0,
          session: sent ? data.clara : null,
          cost: sent ? { micros: 75_000, currency: "EUR" } : null,
        });
      }),
    );
  }
  const done = add({
    plan: plan(
      "Preisliste 2027",
      1,
      3,
      "Hallo {{first_name|}}, unsere neue Preisliste: https://www.example.com/herbst",
    ),
    status: "completed",
    started_at: now - DAY - 600_000,
    ended_at: now - DAY,
  });
  people(
    done,
    [
      ["delivered", 150],
      ["read", 72],
      ["sent", 6],
      ["failed", 9],
      ["undelivered", 3],
      ["uncertain", 4],
      ["skipped", 6],
    ],
    now - DAY - 600_000,
    560_000,
  );
  const stopped = add({
    plan: plan("Wartungsfenster", 1, 1, "Am Samstag warten wir die Anlage."),
    status: "stop",
    reason: WHY.credit,
    started_at: now - 5 * HOUR,
  });
  people(
    stopped,
    [
      ["delivered", 120],
      ["failed", 10],
      ["waiting", 270],
    ],
    now - 5 * HOUR,
    130_000,
  );
  const paused = add({
    plan: plan("Einladung Hausmesse", 1, 1, "Sie sind eingeladen!"),
    status: "paused",
    started_at: now - 2 * HOUR,
  });
  people(
    paused,
    [
      ["delivered", 40],
      ["waiting", 60],
    ],
    now - 2 * HOUR,
    40_000,
  );
  add({
    plan: plan("Terminerinnerung KW 49", 2, 2, "", { start: { local: "2026-12-07T08:00", zone: "Europe/Berlin" } }),
    status: "scheduled",
    due_at: now + 2 * DAY,
  });
  const cancelled = add({
    plan: plan("Umfrage Sommer", 1, 1, "Wie zufrieden sind Sie?"),
    status: "cancelled",
    started_at: now - 9 * DAY,
    ended_at: now - 9 * DAY + HOUR,
  });
  people(
    cancelled,
    [
      ["delivered", 30],
      ["cancelled", 20],
    ],
    now - 9 * DAY,
    30_000,
  );
  const noReports = add({
    plan: plan("Herbstgrüße", 2, 2, ""),
    status: "completed",
    started_at: now - 6 * DAY,
    ended_at: now - 6 * DAY + HOUR,
  });
  people(
    noReports,
    [
      ["sent", 24],
      ["failed", 1],
    ],
    now - 6 * DAY,
    60_000,
  );
  add({ plan: plan("Umfrage Support", null, null, "") });
  const sms = add({
    plan: plan(
      "Herbstaktion Kunden",
      1,
      1,
      "Guten Tag {{first_name|liebe Kundin, lieber Kunde}} 🍂, nur diese Woche: 10 % auf alles. Mehr: https://www.example.com/herbst {{rabattcode}}",
      { hours: { from: "09:00", until: "18:00", days: [1, 2, 3, 4, 5], outside: "move" } },
    ),
  });
  Object.assign(sms.plan.audience, {
    typed: "+49 151 50000301\n0171 5550123\nkeine Nummer\n+49 151 50000301",
    books: [{ phonebook: 1, kinds: ["mobile", "mobile2"], all_numbers: false }],
  });
  sms.plan.content.count_links = true;
  sms.lists = [
    readTable(
      "kunden.csv",
      Buffer.from(
        "Vorname;Mobil;Rabattcode\nAnna;+49 151 50000401;HERBST10\nBert;0151 50000402;HERBST15\nCora;12;HERBST20\n",
      ),
      { id: data.nextId() },
    ),
  ];
  const whatsapp = add({ plan: plan("Angebot per WhatsApp", 2, 2, "") });
  whatsapp.plan.audience.books = [{ phonebook: 1, kinds: ["mobile", "business"], all_numbers: true }];
  whatsapp.plan.content.template = {
    name: "herbstangebot",
    language: "de",
    header: null,
    body: ["{{first_name|liebe Kundin, lieber Kunde}}", "30. November"],
    buttons: [{ index: 0, value: "herbst" }],
  };
  whatsapp.files = [{ name: "herbst.jpg", type: "image/jpeg", bytes: 412_000 }];
  world.samples = {
    done: done.id,
    stopped: stopped.id,
    paused: paused.id,
    noReports: noReports.id,
    sms: sms.id,
    whatsapp: whatsapp.id,
  };
}
