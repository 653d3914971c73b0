// The mock's counting: who is written to, what it comes to, how it reads for one of them.
import { addressOf } from "./campaign-lists.mjs";

const CONTACTS = [
  {
    book: 1,
    first_name: "Clara",
    last_name: "Neumann",
    company: "Neumann GmbH",
    mobile: "+4915150000101",
    business: "+493055500101",
  },
  { book: 1, first_name: "Hans", last_name: "Krüger", company: "", mobile: "+4915150000102" },
  {
    book: 1,
    first_name: "Petra",
    last_name: "Lang",
    company: "Lang & Söhne",
    mobile: "+4915150000103",
    mobile2: "+4915150000104",
  },
  { book: 1, first_name: "Omar", last_name: "Haddad", company: "", mobile: "+4915150000105" },
  { book: 1, first_name: "", last_name: "Vogel", company: "Vogel KG", business: "+493055500106" },
  { book: 1, first_name: "Jana", last_name: "Peters", company: "", mobile: "+4915150000199" },
  { book: 2, first_name: "Ute", last_name: "Berg", company: "Berg Stahl", mobile: "+4915150000201" },
  { book: 2, first_name: "Nils", last_name: "Ohm", company: "Ohm Elektro", mobile: "+4915150000202" },
];
/** Said STOP. */
export const OPTED_OUT = "+4915150000199";
const SITE = { company_name: "Muster Telefonbau" };
const PRICE_MICROS = 75_000;

const typedLines = (typed) =>
  typed.split("\n").flatMap((line, i) =>
    line
      .split(/[,;]/)
      .filter((part) => part.trim())
      .map((part) => ({ line: i + 1, given: part.trim() })),
  );

/** Everybody, in order, with what is said of each: `reason` null means that they are written to. */
export function audience(world, c) {
  const { audience: a } = c.plan;
  const found = [];
  for (const { line, given } of typedLines(a.typed))
    found.push({ given, address: addressOf(given), name: "", values: {}, source: "typed", line });
  for (const list of c.lists) {
    if (a.without_lists.includes(list.id)) continue;
    list.cells.forEach((row, i) => {
      const given = row[list.number_column] ?? "";
      const values = Object.fromEntries(list.columns.map((col, n) => [col.variable, row[n] ?? ""]));
      const name = list.name_column === null ? "" : (row[list.name_column] ?? "");
      found.push({
        given,
        address: addressOf(given),
        name,
        values,
        source: list.id,
        line: i + (list.layout.header ? 2 : 1),
      });
    });
  }
  for (const pick of a.books)
    for (const person of CONTACTS.filter((p) => p.book === pick.phonebook)) {
      const numbers = pick.kinds.flatMap((kind) => person[kind] ?? []);
      const { first_name, last_name, company } = person;
      for (const address of pick.all_numbers ? numbers : numbers.slice(0, 1))
        found.push({
          given: address,
          address,
          name: `${first_name} ${last_name}`.trim(),
          values: { first_name, last_name, company },
          source: "book",
        });
    }
  const out = new Set(typedLines(a.exclude.typed).map((t) => addressOf(t.given)));
  for (const book of a.exclude.books)
    for (const p of CONTACTS.filter((x) => x.book === book)) for (const n of [p.mobile, p.business]) out.add(n);
  for (const id of a.exclude.campaigns) for (const r of world.recipients.get(id) ?? []) out.add(r.address);
  const seen = new Set();
  return found.map((f) => {
    const reason = !f.address
      ? "invalid"
      : seen.has(f.address)
        ? "duplicate"
        : out.has(f.address)
          ? "excluded"
          : f.address === OPTED_OUT
            ? "opted_out"
            : null;
    if (f.address) seen.add(f.address);
    return { ...f, reason };
  });
}

export function variables(world, c) {
  const lists = c.lists.flatMap((l) =>
    l.columns.map((col, i) => ({ name: col.variable, from: "list", example: l.first[0]?.[i] ?? "" })),
  );
  const contact = ["first_name", "last_name", "company"].map((name) => ({
    name,
    from: "contact",
    example: CONTACTS[0][name],
  }));
  const site = Object.entries(SITE).map(([name, example]) => ({ name, from: "site", example }));
  const taken = new Set(lists.map((v) => v.name));
  return [
    ...new Map([...lists, ...contact.filter((v) => !taken.has(v.name)), ...site].map((v) => [v.name, v])).values(),
  ];
}

const TOKEN = /\{\{\s*([\p{L}\p{N}_.-]+)\s*(?:\|([^{}]*))?\}\}/gu;
export function render(text, values, missing = []) {
  return text.replace(TOKEN, (_, name, fallback) => {
    const value = values[name] || SITE[name];
    if (value) return value;
    if (fallback === undefined) missing.push(name);
    return fallback ?? "";
  });
}
function parts(text) {
  const gsm = /^[\n\r -~£¥èéùìòÇØøÅåÆæßÉÄÖÑÜ§¿äöñüà€]*$/.test(text);
  const [single, part] = gsm ? [160, 153] : [70, 67];
  const n = text.length;
  return { segments: n === 0 ? 0 : n <= single ? 1 : Math.ceil(n / part), encoding: gsm ? "gsm7" : "ucs2" };
}
const good = (world, c) => audience(world, c).filter((r) => r.reason === null);

export function preview(world, c, at) {
  const all = good(world, c);
  const r = all[Math.min(at, all.length) - 1] ?? { address: null, name: "", values: {} };
  const missing = [];
  const say = (text) => render(text, r.values, missing);
  const t = c.plan.content.template;
  const text = t ? "" : say(c.plan.content.text);
  const template = t && {
    ...t,
    header:
      t.header === null
        ? null
        : { type: "location", latitude: 52.52, longitude: 13.405, name: null, address: say(t.header) },
    body: t.body.map((value) => ({ name: null, value: say(value) })),
    buttons: t.buttons.map((b) => ({ ...b, value: say(b.value) })),
  };
  const shown = c.plan.content.count_links ? text.replace(/https?:\/\/\S+/g, "https://sms.example.com/l/k7Qm2x") : text;
  return {
    at: all.indexOf(r) + 1,
    of: all.length,
    to: r.address,
    name: r.name,
    text: t ? null : shown,
    files: t ? [] : c.files.map(({ name }) => ({ name, steps: [] })),
    way: c.files.length === 0 || t ? "none" : r.address?.startsWith("+1") ? "files" : "links",
    template,
    problem: null,
    blockers: [],
    ...parts(shown),
    missing: [...new Set(missing)],
  };
}

/** What the limit of a day leaves. */
const DAY_LEFT = 1000;

export function estimate(world, c) {
  const { plan } = c;
  const everybody = audience(world, c);
  const all = everybody.filter((r) => r.reason === null);
  const n = (reason) => everybody.filter((r) => r.reason === reason).length;
  const sizes = all.map((r) => parts(render(plan.content.text, r.values)));
  const sum = sizes.reduce((total, s) => total + s.segments, 0);
  const whatsapp = world.data.channels.find((x) => x.id === plan.channel)?.kind === "whatsapp";
  const micros = (whatsapp ? all.length : Math.max(sum, c.files.length > 0 ? all.length : 0)) * PRICE_MICROS;
  const seconds = Math.ceil(all.length / (plan.rules.pace ?? 1));
  const known = new Set(variables(world, c).map((v) => v.name));
  const texts = [plan.content.text, ...(plan.content.template?.body ?? [])].join(" ");
  const unknown = [...new Set([...texts.matchAll(TOKEN)].map((m) => m[1]).filter((name) => !known.has(name)))];
  return {
    recipients: all.length,
    sends: all.length,
    opted_out: n("opted_out"),
    invalid: n("invalid"),
    duplicates: n("duplicate"),
    excluded: n("excluded"),
    unsaid: 0,
    outside_hours: 0,
    faults: everybody
      .filter((r) => r.reason === "invalid")
      .slice(0, 200)
      .map(({ source, line, given }) => ({
        source,
        line,
        given,
        en: "This is no phone number: write it with + and the country code.",
        de: "Das ist keine Rufnummer: mit + und Landesvorwahl schreiben.",
      })),
    segments:
      whatsapp || !plan.content.text
        ? null
        : {
            least: Math.min(...sizes.map((x) => x.segments), sizes.length ? 99 : 0),
            most: Math.max(0, ...sizes.map((x) => x.segments)),
            all: sum,
          },
    encoding: plan.content.text ? (sizes.some((s) => s.encoding === "ucs2") ? "ucs2" : "gsm7") : null,
    cost: { micros, currency: "EUR" },
    cost_each: all.length > 0 ? { micros: Math.round(micros / all.length), currency: "EUR" } : null,
    seconds,
    ends_at: Date.now() + seconds * 1000,
    day_left: plan.sender ? DAY_LEFT : null,
    month_left: plan.sender ? 2 * DAY_LEFT : null,
    limits:
      all.length > DAY_LEFT
        ? [
            {
              en: `The number's limit of ${DAY_LEFT} campaign messages a day makes it longer: ${DAY_LEFT} may leave on the first day, the last is sent on 1 December 2026.`,
              de: `Die Tagesgrenze der Rufnummer von ${DAY_LEFT} Kampagnennachrichten verlängert den Versand: am ersten Tag sind es noch ${DAY_LEFT}, die letzte geht am 01.12.2026 hinaus.`,
            },
          ]
        : [],
    unknown_variables: unknown,
    blockers: blockers(world, c, all.length, unknown),
  };
}
function blockers(world, { plan, files }, heads, unknown) {
  const found = [];
  const bar = (field, code, en, de) => found.push({ field, code, en, de });
  const channel = world.data.channels.find((x) => x.id === plan.channel);
  if (!channel) bar("channel", "required", "Choose a channel.", "Wählen Sie einen Kanal.");
  else if (!plan.sender) bar("sender", "required", "Choose a sender.", "Wählen Sie einen Absender.");
  if (heads === 0)
    bar("audience", "nobody", "There is nobody to write to yet.", "Es gibt noch niemanden, an den gesendet wird.");
  const t = plan.content.template;
  if (channel?.kind === "whatsapp") {
    if (!t) bar("content.template", "no_template", "Choose a template.", "Wählen Sie eine Vorlage.");
    const known = t && world.data.templates.find((x) => x.name === t.name);
    t?.body.forEach((value, i) => {
      if (!value.trim())
        bar(
          `content.template.body.${i + 1}`,
          "required",
          "This variable is empty: fill it in.",
          "Diese Variable ist leer: bitte ausfüllen.",
        );
    });
    if (known?.needs.header === "image" && files.length === 0)
      bar("files", "required", "The template wants a picture in its head.", "Die Vorlage braucht ein Bild im Kopf.");
    if (known?.needs.header === "location" && !t.header)
      bar("content.template.header", "required", "The template wants a place.", "Die Vorlage braucht einen Ort.");
  } else if (channel && !plan.content.text.trim() && files.length === 0)
    bar(
      "content.text",
      "required",
      "Write a text, or add a file.",
      "Schreiben Sie einen Text oder fügen Sie eine Datei hinzu.",
    );
  if (unknown.length > 0)
    bar(
      "content.text",
      "unknown",
      `Unknown variable: ${unknown.join(", ")}.`,
      `Unbekannte Variable: ${unknown.join(", ")}.`,
    );
  const { start, hours } = plan.rules;
  if (start && Date.parse(start.local) < Date.now() - 86_400_000)
    bar("rules.start.local", "past", "This time is over already.", "Dieser Zeitpunkt ist schon vorbei.");
  if (hours && hours.days.length === 0) bar("rules.hours", "never", "Choose a weekday.", "Wählen Sie einen Wochentag.");
  return found;
}
