// The mock's part for campaigns: plans, lists, files, and the routes; running them is campaign-run.mjs, counting heads
// campaign-audience.mjs.
import { audience, estimate, preview, variables } from "./campaign-audience.mjs";
import { furnish } from "./campaign-data.mjs";
import { readTable, sheet } from "./campaign-lists.mjs";
import { countsOf, makeRunner, may } from "./campaign-run.mjs";

const RUNNING = new Set(["executing", "retrying"]);
const LIST_BYTES_MAX = 64_000_000;
export const BOOKS = [
  { id: 1, name: "Kunden", remark: "", contacts: 6, source: null, version: 1 },
  { id: 2, name: "Lieferanten", remark: "", contacts: 2, source: null, version: 1 },
];

export function makeCampaigns(data, media, Refused, emit) {
  const world = {
    data,
    media,
    all: [],
    recipients: new Map(),
    tests: [],
    pace: { stepMs: 250, each: 4 },
    changed: null,
  };
  const settings = {
    campaigns_max: 1000,
    recipients_max: 1000,
    user_per_day: 5000,
    user_per_month: 50_000,
    number_per_day: 10_000,
    number_per_month: 100_000,
    kept_days: null,
    version: 1,
  };
  const told = (c) => emit("campaign", [c.id]);
  const run = makeRunner(world, told);
  furnish(world, run);

  const refuse = (status, code, title, title_de, more = {}) => new Refused(status, code, title, { title_de, ...more });
  const of = (id) =>
    world.all.find((c) => c.id === Number(id)) ?? raise(new Refused(404, "not_found", "There is no such thing."));
  const senderLabel = ({ sender, channel }) => {
    if (!sender) return null;
    if (sender.pool) return `Pool ${sender.pool}`;
    return data.numbers.find((n) => n.id === sender.number && n.channel.id === channel)?.address ?? null;
  };
  function row(c) {
    const channel = data.channels.find((x) => x.id === c.plan.channel);
    const line = world.all.filter((x) => x.status === "pending" && x.plan.channel === c.plan.channel);
    return {
      id: c.id,
      name: c.plan.name,
      channel: channel?.id ?? null,
      channel_name: channel?.name ?? null,
      kind: channel?.kind ?? null,
      sender_label: senderLabel(c.plan),
      status: c.status,
      reason: c.reason,
      position: c.status === "pending" ? line.indexOf(c) + 1 : null,
      counts: countsOf(world, c),
      due_at: c.due_at,
      zone: c.plan.rules.start?.zone ?? null,
      started_at: c.started_at,
      ended_at: c.ended_at,
      created_at: c.created_at,
      by_name: c.by_name,
      version: c.version,
      may: may(world, c),
    };
  }
  const out = (c) => ({
    ...row(c),
    plan: c.plan,
    files: c.files.map(({ bytes, name, type }, position) => ({ position, name, type, bytes })),
    lists: c.lists.map(listOut),
    copy_of: c.copy_of,
    cost: RUNNING.has(c.status) || c.ended_at ? run.cost(c) : null,
  });
  const listOut = ({ cells, ...list }) => (cells ? list : list);
  function make(plan, me, more = {}) {
    const c = {
      id: data.nextId(),
      plan,
      status: "draft",
      reason: null,
      files: [],
      lists: [],
      due_at: null,
      started_at: null,
      ended_at: null,
      created_at: Date.now(),
      by_name: me.name,
      copy_of: null,
      version: 1,
      ...more,
    };
    world.all.unshift(c);
    return c;
  }
  const draft = (id) => {
    const c = of(id);
    if (c.status !== "draft")
      throw refuse(409, "conflict", "Only drafts can be changed.", "Nur Entwürfe lassen sich ändern.");
    return c;
  };
  const allowed = (id, verb) => {
    const c = of(id);
    if (!may(world, c).includes(verb))
      throw refuse(409, "conflict", `Not while it is ${c.status}.`, `Das geht in diesem Status nicht.`);
    return c;
  };
  const changed = (c) => {
    c.version += 1;
    told(c);
    return out(c);
  };
  function checked(plan) {
    if (!plan.name?.trim()) throw new Refused(422, "invalid", "A name, please.", { fields: { name: "required" } });
    if ([...plan.content.text].length > 1600)
      throw new Refused(422, "invalid", "Too long.", { fields: { "content.text": "too_long" } });
    return plan;
  }
  function launch(c, body) {
    if (body.version !== c.version) throw new Refused(412, "stale", "Somebody else changed this in the meantime.");
    const e = estimate(world, c);
    if (e.blockers.length > 0) throw refuse(422, "invalid", e.blockers[0].en, e.blockers[0].de);
    if (world.changed !== null || e.recipients !== body.expect.recipients) {
      const recipients = world.changed ?? e.recipients;
      world.changed = null;
      throw new Refused(409, "audience_changed", "The recipients have changed.", { recipients });
    }
    run.fill(c, audience(world, c));
    run.begin(c);
    return changed(c);
  }
  function duplicate(c, me) {
    const names = new Set(world.all.map((x) => x.plan.name));
    const original = c.plan.name.replace(/(.) \(\d{1,3}\)$/, "$1");
    let n = 2;
    while (names.has(`${original} (${n})`)) n += 1;
    const name = `${original} (${n})`;
    const plan = structuredClone({ ...c.plan, name });
    plan.rules.start = null;
    plan.rules.repeat = null;
    const copy = make(plan, me, { copy_of: c.id, files: [...c.files], lists: structuredClone(c.lists) });
    told(copy);
    return {
      campaign: out(copy),
      copied: ["channel", "sender", "audience", "lists", "content", "files", "rules"],
      not_copied: ["rules.start", "results"],
    };
  }
  const page = (list, q) => {
    const from = Number(q.get("after") ?? 0);
    const size = Math.min(Number(q.get("limit") ?? 50), 200);
    return { items: list.slice(from, from + size), next: from + size < list.length ? String(from + size) : null };
  };
  function found(c, q) {
    const needle = (q.get("q") ?? "").toLowerCase();
    const digits = needle.replace(/\D/g, "").replace(/^0+/, "");
    const flag = { replied: "replied_at", opted_out: "opted_out_at", clicked: "clicks" }[q.get("flag") ?? ""];
    return (world.recipients.get(c.id) ?? []).filter(
      (r) =>
        (!q.get("state") || r.state === q.get("state")) &&
        (!flag || r[flag]) &&
        (!needle || r.name.toLowerCase().includes(needle) || (digits && (r.address ?? r.given).includes(digits))),
    );
  }

  const routes = [
    [
      "GET",
      /^\/campaigns$/,
      (_, { q }) =>
        page(
          world.all
            .filter((c) => !q.get("status") || c.status === q.get("status"))
            .filter((c) => !q.get("channel") || c.plan.channel === Number(q.get("channel")))
            .filter((c) => c.plan.name.toLowerCase().includes((q.get("q") ?? "").toLowerCase()))
            .map(row),
          q,
        ),
    ],
    [
      "POST",
      /^\/campaigns$/,
      (_, { me, body }) => {
        const c = make(checked(body.plan), me);
        told(c);
        return out(c);
      },
    ],
    ["GET", /^\/campaigns\/variables$/, (_, { q }) => ({ items: variables(world, of(q.get("campaign"))) })],
    ["GET", /^\/campaigns\/settings$/, () => settings],
    [
      "PUT",
      /^\/campaigns\/settings$/,
      (_, { body }) => Object.assign(settings, body, { version: settings.version + 1 }),
    ],
    ["GET", /^\/campaigns\/(\d+)$/, ([id]) => out(of(id))],
    [
      "PUT",
      /^\/campaigns\/(\d+)$/,
      ([id], { body }) => {
        const c = draft(id);
        if (body.version !== c.version) throw new Refused(412, "stale", "Somebody else changed this in the meantime.");
        c.plan = checked(body.plan);
        return changed(c);
      },
    ],
    [
      "DELETE",
      /^\/campaigns\/(\d+)$/,
      ([id]) => {
        const c = allowed(id, "delete");
        world.all.splice(world.all.indexOf(c), 1);
        told(c);
      },
    ],
    ["POST", /^\/campaigns\/(\d+)\/launch$/, ([id], { body }) => launch(draft(id), body)],
    [
      "POST",
      /^\/campaigns\/(\d+)\/(pause|resume|cancel|unschedule)$/,
      ([id, verb]) => {
        const c = allowed(id, verb);
        run[verb](c);
        return changed(c);
      },
    ],
    ["POST", /^\/campaigns\/(\d+)\/duplicate$/, ([id], { me }) => duplicate(of(id), me)],
    [
      "POST",
      /^\/campaigns\/(\d+)\/retry$/,
      ([id], { body }) => {
        const c = allowed(id, "retry");
        run.retry(c, body.recipients);
        return changed(c);
      },
    ],
    [
      "POST",
      /^\/campaigns\/(\d+)\/uncertain$/,
      ([id], { body }) => {
        const c = of(id);
        const n = run.settle(c, body.recipients, body.choice);
        changed(c);
        return { changed: n };
      },
    ],
    ["GET", /^\/campaigns\/(\d+)\/recipients$/, ([id], { q }) => page(found(of(id), q), q)],
    ["GET", /^\/campaigns\/(\d+)\/results$/, ([id]) => run.results(of(id))],
    [
      "POST",
      /^\/campaigns\/(\d+)\/files$/,
      ([id], { body }) => {
        const c = draft(id);
        const u = media.uploads.get(body.upload) ?? raise(new Refused(404, "not_found", "There is no such thing."));
        if (c.files.length >= 10)
          throw refuse(
            422,
            "files_too_many",
            "There are more files than this channel takes.",
            "Es sind mehr Dateien, als dieser Kanal nimmt.",
          );
        if (u.name.startsWith("aktiv"))
          throw refuse(
            422,
            "file_active",
            "The document holds programs.",
            "Das Dokument enthält Programme und wurde abgelehnt.",
          );
        c.files.push({ name: u.name, type: u.media_type, bytes: u.bytes });
        changed(c);
        return out(c);
      },
    ],
    [
      "DELETE",
      /^\/campaigns\/(\d+)\/files\/(\d+)$/,
      ([id, position]) => {
        const c = draft(id);
        c.files.splice(Number(position), 1);
        changed(c);
        return out(c);
      },
    ],
    [
      "PUT",
      /^\/campaigns\/(\d+)\/lists\/(\d+)$/,
      ([id, list], { body }) => {
        const c = draft(id);
        const i = c.lists.findIndex((l) => l.id === Number(list));
        c.lists[i] = readTable(c.lists[i].name, c.lists[i].cells.raw, { id: c.lists[i].id, ...body });
        changed(c);
        return listOut(c.lists[i]);
      },
    ],
    [
      "DELETE",
      /^\/campaigns\/(\d+)\/lists\/(\d+)$/,
      ([id, list]) => {
        const c = draft(id);
        c.lists = c.lists.filter((l) => l.id !== Number(list));
        changed(c);
      },
    ],
    ["POST", /^\/campaigns\/(\d+)\/estimate$/, ([id]) => estimate(world, of(id))],
    ["GET", /^\/campaigns\/(\d+)\/preview$/, ([id], { q }) => preview(world, of(id), Number(q.get("at") ?? 1))],
    [
      "POST",
      /^\/campaigns\/(\d+)\/test$/,
      ([id], { body }) => {
        if (!/^\+?[\d ]{6,}$/.test(body.to))
          throw new Refused(422, "invalid", "That is not a phone number.", { fields: { to: "not_a_number" } });
        world.tests.push({ campaign: of(id).id, to: body.to });
        return { message: data.nextId() };
      },
    ],
  ];
  /** Where nobody else has phonebooks. */
  const late = [["GET", /^\/phonebooks$/, () => ({ items: BOOKS })]];

  /** Bodies and answers that are no JSON; false: not one of these. */
  async function serve(req, res, path, q) {
    const [, id, what] = /^\/campaigns\/(\d+)\/(lists|export)$/.exec(path) ?? [];
    if (what === "lists" && req.method === "POST") {
      if (Number(req.headers["content-length"]) > LIST_BYTES_MAX) throw new Refused(413, "too_large", "Too large.");
      const chunks = [];
      for await (const part of req) chunks.push(part);
      const c = draft(id);
      const raw = Buffer.concat(chunks);
      if (raw.includes(0)) throw refuse(422, "invalid", "This is no table.", "Das ist keine Tabelle.");
      const list = readTable(q.get("name"), raw, { id: data.nextId() });
      c.lists.push(list);
      changed(c);
      res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(listOut(list)));
      return true;
    }
    if (what !== "export" || req.method !== "GET") return false;
    const c = of(id);
    const file = sheet(found(c, q), q.get("format"));
    res.writeHead(200, {
      "content-type": file.type,
      "content-disposition": `attachment; filename="kampagne-${c.id}.${q.get("format")}"`,
    });
    res.end(file.bytes);
    return true;
  }
  return { ...world, world, routes, late, serve, stop: run.stop };
}
const raise = (error) => {
  throw error;
};
