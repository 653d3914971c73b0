#!/usr/bin/env node
// A small stand-in for the daemon: the private API over invented data, the built portal, the real CSP.
// `npm run mock` serves http://127.0.0.1:5180; users admin, ben, carla, first; the password is "depesche-mock".
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCampaigns } from "./campaigns.mjs";
import { makeData } from "./data.mjs";
import { makeMedia } from "./media.mjs";
import { makePeople, PEOPLE_RIGHTS } from "./people.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
export const CSP =
  "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; script-src 'self'; style-src 'self'; " +
  "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types svelte-trusted-html portal";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};
const PASSWORD = "depesche-mock";
const BODY_BYTES_MAX = 64 * 1024;

const RIGHTS = {
  admin: [
    "session.read",
    "session.reply",
    "trunk.edit",
    "channel.edit",
    "number.edit",
    "queue.edit",
    "extension.edit",
    "user.edit",
    "simulator.use",
    "log.read",
    "campaign.edit",
  ],
  supervisor: ["session.read", "session.reply", "simulator.use", "log.read", "campaign.edit"],
  agent: ["session.read", "session.reply"],
};

class Refused extends Error {
  constructor(status, code, title, more = {}) {
    super(title);
    this.status = status;
    this.body = { status, code, title, ...more };
  }
}
const notFound = () => new Refused(404, "not_found", "There is no such thing.");

export function startMock({ port = 5180, host = "127.0.0.1", now = Date.now() } = {}) {
  const data = makeData(now);
  const media = makeMedia(data, Refused);
  media.furnish();
  const slow = { pauseMs: 0 };
  const accounts = new Map(data.users.map((u) => [u.name, u]));
  accounts.get("carla").must_change_password = false;
  accounts.set("first", { ...data.users[0], id: 9, name: "first", must_change_password: true });
  const streams = new Set();
  let eventId = 0;
  let tries = 0;

  const emit = (kind, ids, session) => {
    eventId += 1;
    const line = `id: ${eventId}\nevent: change\ndata: ${JSON.stringify({ kind, ids, session })}\n\n`;
    for (const stream of streams) stream.write(line);
  };
  const people = makePeople(data, Refused, emit, now);
  const campaigns = makeCampaigns(data, media, Refused, emit);
  const seen = (s, me) =>
    me.role !== "agent" || s.extension?.id === me.extension?.id || (s.state === "waiting" && memberOf(s.queue?.id, me));
  const memberOf = (queue, me) => data.queues.find((q) => q.id === queue)?.members.includes(me.extension?.id) ?? false;
  const show = (s, me) => {
    const mine = s.extension !== null && s.extension.id === me.extension?.id;
    const open = s.state !== "closed";
    return {
      ...s,
      opted_out: people.consent.shown(s),
      can: {
        reply: open && (mine || (s.state === "waiting" && (memberOf(s.queue?.id, me) || s.pick_up === "none"))),
        pick_up: open && me.extension !== null && !mine && (s.state === "waiting" || me.role !== "agent"),
        transfer: open && (mine || me.role !== "agent"),
        end: open && (mine || me.role !== "agent"),
      },
    };
  };
  const inTab = {
    mine: (s, me) => s.state === "held" && s.extension?.id === me.extension?.id,
    waiting: (s) => s.state === "waiting",
    all: (s) => s.state !== "closed",
    ended: (s) => s.state === "closed",
  };
  const visible = (me) => data.sessions.filter((s) => seen(s, me)).sort((a, b) => b.last_at - a.last_at || b.id - a.id);
  const sessionOf = (id, me) => {
    const s = data.sessions.find((x) => x.id === Number(id));
    if (!s || !seen(s, me)) throw notFound();
    return s;
  };
  const messageOf = (id) => {
    for (const items of data.threads.values()) {
      const hit = items.find((i) => i.type === "message" && i.message.id === Number(id));
      if (hit) return hit.message;
    }
    throw notFound();
  };
  const note = (s, kind, more) =>
    data.threads.get(s.id).push({
      type: "event",
      event: { id: data.nextId(), at: Date.now(), kind, by: null, from: null, to: null, ...more },
    });
  const nameOf = (me) => (me.extension ? `${me.extension.name} (${me.extension.number})` : me.name);

  function file(s, direction, text, more, { attachments = [], sent_as = null } = {}) {
    const m = data.message(data.nextId(), s.id, direction, text, Date.now(), more);
    Object.assign(m, { attachments, sent_as, media_count: attachments.length });
    data.threads.get(s.id).push({ type: "message", message: m });
    Object.assign(s, {
      last_at: m.at,
      last_text: text,
      last_files: attachments.length,
      last_direction: direction,
      last_status: m.status,
      awaiting_reply: direction === "in",
    });
    emit("message", [m.id], s.id);
    return m;
  }
  function progress(s, m) {
    const ending = s.peer.address.slice(-2);
    const steps =
      ending === "02"
        ? ["failed"]
        : ending === "03"
          ? ["sent"]
          : ending === "05"
            ? ["uncertain"]
            : ["sent", "delivered"];
    steps.forEach((status, i) =>
      setTimeout(
        () => {
          m.status = status;
          const why = { failed: data.REASONS.unknown_number, uncertain: data.REASONS.uncertain }[status] ?? null;
          m.reason = why;
          m.can = { send_again: why !== null, settle: status === "uncertain" };
          if (s.last_direction === "out") s.last_status = status;
          const texts = data.customers.get(s.peer.address);
          const shown = texts?.find((x) => x.message === m.id);
          if (shown) shown.state = status;
          else if (status === "sent" && texts)
            texts.push({
              direction: "to_customer",
              our_number: s.number.address,
              text: m.text,
              files: onPhone(m.attachments),
              at: Date.now(),
              state: status,
              message: m.id,
            });
          emit("delivery", [m.id], s.id);
        },
        350 * (i + 1),
      ).unref(),
    );
  }
  const onPhone = (attachments) =>
    attachments.map((a) => ({
      url: `/api/v1/attachments/${a.id}/file`,
      media_type: a.media_type,
      name: a.name,
      bytes: a.bytes,
    }));
  function send(s, me, text, uploads = []) {
    const files = media.take(uploads, s.number.id, s.peer.address);
    if (s.state === "waiting" && s.pick_up !== "none" && me.extension) {
      Object.assign(s, { state: "held", extension: data.ref(data.extensions.find((e) => e.id === me.extension.id)) });
      note(s, "picked_up", { by: nameOf(me) });
    }
    const m = file(
      s,
      "out",
      text,
      { status: "queued", by: data.extensions.find((e) => e.id === me.extension?.id) },
      files,
    );
    s.unread = 0;
    progress(s, m);
    return m;
  }
  const sent = new Map();
  const once = (clientId, make) => {
    if (!sent.has(clientId)) sent.set(clientId, make());
    return sent.get(clientId);
  };
  const page = (list, after, limit) => {
    const from = Number(after ?? 0);
    const size = Math.min(Number(limit ?? 50), 200);
    return { items: list.slice(from, from + size), next: from + size < list.length ? String(from + size) : null };
  };
  const meOf = (user) => ({
    user: {
      id: user.id,
      name: user.name,
      role: user.role,
      extension: user.extension,
      must_change_password: user.must_change_password,
      language: user.language ?? null,
      theme: user.theme ?? null,
    },
    can: [...RIGHTS[user.role], ...PEOPLE_RIGHTS[user.role]],
    version: "0.1.0",
    site: { country: "DE" },
  });
  const queueShown = (q) => ({
    ...q,
    members: q.members.map((id) => data.ref(data.extensions.find((e) => e.id === id))).filter(Boolean),
    waiting: data.sessions.filter((s) => s.state === "waiting" && s.queue?.id === q.id).length,
  });
  const kept = new Map();
  const keep = (key, made) => kept.get(key) ?? kept.set(key, made).get(key);
  const channelSending = (id) =>
    keep(`channel ${id}`, {
      valid_for_s: null,
      fallback: null,
      smart: true,
      prices: [
        { prefix: "+49", amount: "0.075", currency: "EUR" },
        { prefix: "", amount: "0.12", currency: "EUR" },
      ],
    });
  const numberSending = (id) => keep(`number ${id}`, { in_segments: false, pool: id === "1" ? "nord" : null });
  const logLine = ({ request, ...e }) => ({
    ...e,
    answer: undefined,
    trunk_name: data.trunks.find((t) => t.id === e.trunk)?.name ?? null,
    extension_label: e.extension ? "1001 Anna Weber" : null,
    session: data.sessions[0].id,
    first_line: request.split("\n")[0],
  });
  const testSteps = (ok) => [
    {
      name: "settings",
      verdict: "good",
      en: "All required settings are there.",
      de: "Alle nötigen Angaben sind da.",
      took_ms: 1,
    },
    {
      name: "credentials",
      verdict: ok ? "good" : "bad",
      en: ok ? "The carrier accepted the credentials." : "The carrier answered 401: check the auth token.",
      de: ok
        ? "Der Anbieter hat die Zugangsdaten angenommen."
        : "Der Anbieter antwortete 401: prüfen Sie das Auth-Token.",
      took_ms: 182,
    },
    {
      name: "sender",
      verdict: ok ? "good" : "skipped",
      en: ok ? "+12025550100: we may send from it." : "Not asked: the credentials come first.",
      de: ok ? "+12025550100: Senden ist erlaubt." : "Nicht gefragt: zuerst müssen die Zugangsdaten stimmen.",
      took_ms: 140,
    },
    {
      name: "sender",
      verdict: ok ? "good" : "skipped",
      en: ok ? "+12025550101: we may send from it." : "Not asked: the credentials come first.",
      de: ok ? "+12025550101: Senden ist erlaubt." : "Nicht gefragt: zuerst müssen die Zugangsdaten stimmen.",
      took_ms: 133,
    },
    {
      name: "callback",
      verdict: ok ? "good" : "skipped",
      en: ok ? "The webhook address is set at the carrier." : "Not tried.",
      de: ok ? "Die Webhook-Adresse ist beim Anbieter eingetragen." : "Nicht versucht.",
      took_ms: 96,
    },
    {
      name: "clock",
      verdict: "good",
      en: "The clocks differ by 0.2 s.",
      de: "Die Uhren weichen 0,2 s voneinander ab.",
      took_ms: 0,
    },
  ];

  // Whole-collection screens: create, change with a version, refuse what is in use.
  function collection(list, { shown = (x) => x, make, used = () => null, answer = (x) => x }) {
    return {
      list: () => ({ items: list.map(shown) }),
      one: (id) => shown(list.find((x) => x.id === Number(id)) ?? raise(notFound())),
      create(body) {
        need(body, ["default_number" in body && "number", "address" in body && "address", "name"].find(Boolean));
        const row = make({ id: data.nextId(), version: 1, ...body });
        list.push(row);
        emit("settings", [row.id]);
        return answer(shown(row));
      },
      save(id, body) {
        const i = list.findIndex((x) => x.id === Number(id));
        if (i < 0) throw notFound();
        if (body.version !== undefined && body.version !== list[i].version)
          throw new Refused(412, "stale", "Somebody else changed this in the meantime.");
        list[i] = make({ ...list[i], ...body, id: Number(id), version: (list[i].version ?? 0) + 1 });
        emit("settings", [Number(id)]);
        return shown(list[i]);
      },
      remove(id) {
        const i = list.findIndex((x) => x.id === Number(id));
        if (i < 0) throw notFound();
        const why = used(list[i]);
        if (why) throw new Refused(409, "conflict", why);
        list.splice(i, 1);
        emit("settings", [Number(id)]);
        return undefined;
      },
    };
  }
  const need = (body, key) => {
    if (!String(body[key] ?? "").trim())
      throw new Refused(422, "invalid", `${key} is missing.`, { fields: { [key]: "required" } });
  };
  const byId = (list, id) => list.find((x) => x.id === id);
  const resources = {
    trunks: collection(data.trunks, {
      make: (t) => {
        const fields = data.carriers.find((c) => c.name === t.carrier)?.fields ?? [];
        const secrets = fields.filter((f) => f.secret).map((f) => f.key);
        const given = secrets.filter((k) => t.settings?.[k]);
        return {
          webhook_url: `https://sms.example.com/in/${Math.abs(Math.sin(t.id) * 1e10)
            .toString(16)
            .slice(0, 10)}`,
          state: "unknown",
          state_reason: null,
          last_in_at: null,
          last_out_at: null,
          errors_24h: 0,
          pace: { percent: 100, held_until: null, failures: 0, interrupted: false },
          can_poll: t.carrier !== "generic",
          poll: null,
          ...t,
          secrets_set: [...new Set([...(t.secrets_set ?? []), ...given])],
          settings: Object.fromEntries(
            Object.entries(t.settings ?? {}).map(([k, v]) => [k, secrets.includes(k) ? null : v]),
          ),
        };
      },
      used: (t) =>
        data.channels.find((c) => c.trunk.id === t.id) &&
        `Trunk ${t.name} is used by channel ${data.channels.find((c) => c.trunk.id === t.id).name}: delete or move that first.`,
    }),
    channels: collection(data.channels, {
      make: (c) => ({
        ...c,
        trunk: typeof c.trunk === "number" ? pick(byId(data.trunks, c.trunk), "id", "name") : c.trunk,
      }),
      used: (c) =>
        data.numbers.find((n) => n.channel.id === c.id) &&
        `Channel ${c.name} still has numbers: delete or move them first.`,
    }),
    numbers: collection(data.numbers, {
      make: (n) => ({
        ...n,
        channel: typeof n.channel === "number" ? pick(byId(data.channels, n.channel), "id", "name", "kind") : n.channel,
      }),
    }),
    queues: collection(data.queues, {
      shown: queueShown,
      make: (q) => q,
      used: (q) =>
        data.numbers.find((n) => n.route.queue === q.id) &&
        `Queue ${q.name} is the destination of ${data.numbers.find((n) => n.route.queue === q.id).address}: give that number another destination first.`,
    }),
    extensions: collection(data.extensions, {
      make: (e) => ({ bindings: [], reachable: "no", waiting_texts: 0, ...e }),
      answer: (extension) => ({ extension, password: "Tq7-mWx2-Rk9d" }),
    }),
    users: collection(data.users, {
      make: (u) => ({
        must_change_password: true,
        last_login_at: null,
        ...u,
        extension: typeof u.extension === "number" ? data.ref(byId(data.extensions, u.extension)) : u.extension,
      }),
      answer: (user) => ({ user, password: "Hj4-pLz8-Vn3c" }),
    }),
  };

  const templates = () => ({
    items: data.templates,
    fetches: [{ trunk: { id: 1, name: "Simulator" }, fetched_at: Date.now() - 600_000, problem: null }],
  });
  const routes = [
    ...media.routes(sessionOf),
    ...campaigns.routes,
    ...people.routes,
    ["GET", /^\/templates$/, templates],
    ["POST", /^\/templates\/refresh$/, templates],
    [
      "POST",
      /^\/sessions\/(\d+)\/say$/,
      ([id], { me, body }) => {
        const s = sessionOf(id, me);
        if (body.say.type !== "template" && s.window?.seconds_left === 0)
          throw new Refused(409, "window_closed", "Use a template.");
        const empty = (body.say.body ?? []).findIndex((v) => !v.value);
        if (empty >= 0) {
          const field = `body.${empty + 1}`;
          throw new Refused(422, "invalid", field, { fields: { [field]: "this variable is empty: fill it in" } });
        }
        return once(body.client_id, () => {
          const m = send(s, me, body.say.emoji ?? `Vorlage ${body.say.name ?? ""}`);
          m.rich = body.say;
          return m;
        });
      },
    ],
    ["GET", /^\/me$/, (_, { me }) => meOf(me)],
    ["PATCH", /^\/me$/, (_, { me, body }) => meOf(Object.assign(me, body))],
    ["POST", /^\/logout$/, () => undefined],
    [
      "POST",
      /^\/login\/password$/,
      (_, { me, body }) => {
        if (body.old !== PASSWORD)
          throw new Refused(422, "invalid", "The current password is wrong.", { fields: { old: "wrong" } });
        me.must_change_password = false;
      },
    ],
    [
      "GET",
      /^\/sessions$/,
      (_, { me, q }) => {
        const id = (name) => (q.get(name) ? Number(q.get(name)) : null);
        const list = visible(me)
          .filter((s) => inTab[q.get("tab") ?? "all"](s, me))
          .filter((s) => id("channel") === null || s.channel.id === id("channel"))
          .filter((s) => id("queue") === null || s.queue?.id === id("queue"))
          .filter((s) => id("extension") === null || s.extension?.id === id("extension"))
          .map((s) => show(s, me));
        return page(list, q.get("after"), q.get("limit"));
      },
    ],
    [
      "GET",
      /^\/sessions\/counts$/,
      (_, { me }) => {
        const list = visible(me);
        const count = (tab) => list.filter((s) => inTab[tab](s, me)).length;
        const unread = list
          .filter((s) => s.state !== "closed" && (s.state === "waiting" || s.extension?.id === me.extension?.id))
          .reduce((n, s) => n + s.unread, 0);
        return { mine: count("mine"), waiting: count("waiting"), all: count("all"), ended: count("ended"), unread };
      },
    ],
    [
      "POST",
      /^\/sessions\/by-ids$/,
      (_, { me, body }) => ({
        items: visible(me)
          .filter((s) => body.ids.includes(s.id))
          .map((s) => show(s, me)),
      }),
    ],
    [
      "POST",
      /^\/sessions$/,
      (_, { me, body }) =>
        once(body.client_id, () => {
          const digits = body.to.replace(/[^\d+]/g, "");
          const address = digits.startsWith("+")
            ? digits
            : digits.startsWith("00")
              ? `+${digits.slice(2)}`
              : digits.startsWith("0")
                ? `+49${digits.slice(1)}`
                : "";
          if (address.length < 9)
            throw new Refused(422, "invalid", "That is not a phone number.", { fields: { to: "not_a_number" } });
          const n = byId(data.numbers, body.number) ?? raise(notFound());
          const s = {
            id: data.nextId(),
            channel: n.channel,
            number: pick(n, "id", "address", "label"),
            peer: { id: data.nextId(), address, name: null },
            state: "held",
            queue: null,
            extension: me.extension,
            pick_up: null,
            opened_at: Date.now(),
            closed_at: null,
            last_at: Date.now(),
            last_text: body.text,
            last_direction: "out",
            last_status: "queued",
            window: null,
            opted_out: false,
            unread: 0,
            awaiting_reply: false,
          };
          data.sessions.push(s);
          data.threads.set(s.id, []);
          note(s, "opened", {});
          if (!data.customers.has(address)) data.customers.set(address, []);
          return { session: show(s, me), message: send(s, me, body.text, body.attachments) };
        }),
    ],
    ["GET", /^\/sessions\/(\d+)$/, ([id], { me }) => show(sessionOf(id, me), me)],
    [
      "GET",
      /^\/sessions\/(\d+)\/thread$/,
      ([id], { me, q }) => {
        const items = data.threads.get(sessionOf(id, me).id);
        const end = q.get("before") ? Number(q.get("before")) : items.length;
        const start = Math.max(0, end - Number(q.get("limit") ?? 50));
        return { items: items.slice(start, end), before: start > 0 ? String(start) : null };
      },
    ],
    [
      "POST",
      /^\/sessions\/(\d+)\/messages$/,
      ([id], { me, body }) => {
        if (!body.attachments?.length) need(body, "text");
        const s = sessionOf(id, me);
        if (s.state === "closed") throw new Refused(409, "session_closed", "This session is closed.");
        return once(body.client_id, () => send(s, me, body.text, body.attachments));
      },
    ],
    [
      "POST",
      /^\/sessions\/(\d+)\/pick-up$/,
      ([id], { me }) => {
        const s = sessionOf(id, me);
        if (s.state === "held" && me.role === "agent")
          throw new Refused(409, "session_taken", "Somebody else has it.", { by: s.extension });
        Object.assign(s, { state: "held", extension: me.extension });
        note(s, "picked_up", { by: nameOf(me) });
        emit("session", [s.id], s.id);
        return show(s, me);
      },
    ],
    [
      "POST",
      /^\/sessions\/(\d+)\/transfer$/,
      ([id], { me, body }) => {
        const s = sessionOf(id, me);
        const queue = body.to.queue && byId(data.queues, body.to.queue);
        const extension = body.to.extension && byId(data.extensions, body.to.extension);
        if (queue)
          Object.assign(s, {
            state: "waiting",
            queue: pick(queue, "id", "name"),
            pick_up: queue.pick_up,
            extension: null,
          });
        else Object.assign(s, { state: "held", extension: data.ref(extension) });
        note(s, "transferred", { by: nameOf(me), to: queue ? queue.name : `${extension.name} (${extension.number})` });
        emit("session", [s.id], s.id);
        return show(s, me);
      },
    ],
    [
      "POST",
      /^\/sessions\/(\d+)\/end$/,
      ([id], { me }) => {
        const s = sessionOf(id, me);
        Object.assign(s, { state: "closed", closed_at: Date.now(), unread: 0 });
        note(s, "ended", { by: nameOf(me) });
        emit("session", [s.id], s.id);
        return show(s, me);
      },
    ],
    ["POST", /^\/sessions\/(\d+)\/read$/, ([id], { me }) => void (sessionOf(id, me).unread = 0)],
    [
      "POST",
      /^\/sessions\/(\d+)\/unread$/,
      ([id], { me }) => {
        const s = sessionOf(id, me);
        s.unread = Math.max(1, s.unread);
        emit("session", [s.id], s.id);
      },
    ],
    ["GET", /^\/messages\/(\d+)$/, ([id]) => messageOf(id)],
    [
      "POST",
      /^\/messages\/(\d+)\/send-again$/,
      ([id]) => {
        const m = messageOf(id);
        Object.assign(m, { status: "queued", reason: null, can: { send_again: false, settle: false } });
        progress(byId(data.sessions, m.session_id), m);
        return { ...m };
      },
    ],
    [
      "POST",
      /^\/messages\/(\d+)\/settle$/,
      ([id], { body }) =>
        Object.assign(messageOf(id), {
          status: body.state,
          reason: null,
          can: { send_again: body.state === "failed", settle: false },
        }),
    ],
    ["GET", /^\/messages\/(\d+)\/log$/, () => ({ items: data.exchanges })],
    [
      "GET",
      /^\/search$/,
      (_, { me, q }) => {
        const needle = (q.get("q") ?? "").toLowerCase();
        const digits = needle.replace(/\D/g, "").replace(/^0+/, "");
        const sessions = visible(me).filter(
          (s) => s.peer.name?.toLowerCase().includes(needle) || (digits.length > 2 && s.peer.address.includes(digits)),
        );
        const messages = visible(me).flatMap((s) =>
          data.threads
            .get(s.id)
            .filter((i) => i.type === "message" && i.message.text.toLowerCase().includes(needle))
            .map(({ message }) => {
              const at = message.text.toLowerCase().indexOf(needle);
              const marked = `${message.text.slice(0, at)}\uE000${message.text.slice(at, at + needle.length)}\uE001${message.text.slice(at + needle.length)}`;
              return { message, session: show(s, me), marked };
            }),
        );
        return { sessions: sessions.slice(0, 20).map((s) => show(s, me)), messages: messages.slice(0, 30) };
      },
    ],
    ["GET", /^\/carriers$/, () => data.carriers],
    ["POST", /^\/trunks\/(\d+)\/test$/, ([id]) => ({ steps: testSteps(Number(id) !== 2) })],
    ["GET", /^\/channels\/(\d+)\/sending$/, ([id]) => channelSending(id)],
    ["PUT", /^\/channels\/(\d+)\/sending$/, ([id], { body }) => Object.assign(channelSending(id), body)],
    ["GET", /^\/numbers\/(\d+)\/sending$/, ([id]) => numberSending(id)],
    ["PUT", /^\/numbers\/(\d+)\/sending$/, ([id], { body }) => Object.assign(numberSending(id), body)],
    ["GET", /^\/pools$/, () => ({ items: [{ channel: 1, channel_name: "SMS Vertrieb", name: "nord", numbers: 2 }] })],
    [
      "GET",
      /^\/log$/,
      (_, { q }) => {
        const fits = data.exchanges.filter(
          (e) =>
            (!q.get("trunk") || e.trunk === Number(q.get("trunk"))) &&
            (!q.get("message") || e.message === Number(q.get("message"))) &&
            (!q.get("outcome") || e.good === (q.get("outcome") === "good")),
        );
        const { items, next } = page(fits, q.get("after"), q.get("limit"));
        return { items: items.map(logLine), next };
      },
    ],
    ["GET", /^\/log\/(\d+)$/, ([id]) => byId(data.exchanges, Number(id)) ?? raise(notFound())],
    ["GET", /^\/trunks\/(\d+)\/log$/, (_, { q }) => page(data.exchanges, q.get("after"), q.get("limit"))],
    [
      "POST",
      /^\/extensions\/(\d+)\/password$/,
      ([id]) => ({ extension: resources.extensions.one(id), password: "Nw5-bYt6-Gs2f" }),
    ],
    [
      "POST",
      /^\/extensions\/(\d+)\/test$/,
      ([id]) => {
        const e = resources.extensions.one(id);
        const up = e.bindings.length > 0;
        return {
          steps: [
            {
              name: "binding",
              verdict: up ? "good" : "bad",
              en: up ? `${e.bindings.length} phone(s) registered.` : "No phone is registered.",
              de: up ? `${e.bindings.length} Telefon(e) angemeldet.` : "Kein Telefon ist angemeldet.",
              took_ms: 0,
            },
            {
              name: "phone",
              verdict: up ? "good" : "skipped",
              en: up ? "The phone answered 200 OK." : "Not tried.",
              de: up ? "Das Telefon hat mit 200 OK geantwortet." : "Nicht versucht.",
              took_ms: up ? 38 : 0,
            },
          ],
        };
      },
    ],
    ["POST", /^\/users\/(\d+)\/password$/, ([id]) => ({ user: resources.users.one(id), password: "Kd8-qRv5-Xm1h" })],
    [
      "GET",
      /^\/connect$/,
      () => ({
        mode: "registrar",
        domain: "sms.example.com",
        listeners: [
          { transport: "udp", host: "192.0.2.10", port: 5060 },
          { transport: "tcp", host: "192.0.2.10", port: 5060 },
          { transport: "tls", host: "sms.example.com", port: 5061 },
        ],
      }),
    ],
    ["GET", /^\/alarms$/, () => ({ items: data.alarms })],
    [
      "GET",
      /^\/simulator$/,
      () => ({
        trunk: { id: 1, name: "Simulator" },
        numbers: data.numbers,
        customers: [...data.customers]
          .map(([address, texts]) => ({ address, last_at: texts.at(-1)?.at ?? null }))
          .sort((a, b) => (b.last_at ?? 0) - (a.last_at ?? 0)),
        behaviours: data.behaviours,
      }),
    ],
    [
      "GET",
      /^\/simulator\/phone$/,
      (_, { q }) => ({
        texts: (data.customers.get(q.get("customer")) ?? []).map((x) => ({ files: [], ...x })),
      }),
    ],
    [
      "POST",
      /^\/simulator\/write$/,
      (_, { body }) => {
        if (!/^\+\d{6,15}$/.test(body.customer))
          throw new Refused(422, "invalid", "The customer's number must start with + and the country code.", {
            fields: { customer: "not_a_number" },
          });
        const n = data.numbers.find((x) => x.address === body.number) ?? raise(notFound());
        if (!data.customers.has(body.customer)) data.customers.set(body.customer, []);
        const received = (body.uploads ?? []).map((id, i) => {
          const u = media.uploads.get(id) ?? raise(notFound());
          return media.attach(i, u.name, u.content);
        });
        data.customers.get(body.customer).push({
          direction: "from_customer",
          our_number: n.address,
          text: body.text,
          files: onPhone(received),
          at: Date.now(),
          state: "received",
        });
        let s = data.sessions.find(
          (x) => x.peer.address === body.customer && x.number.id === n.id && x.state !== "closed",
        );
        if (!s) {
          const queue = byId(data.queues, n.route.queue);
          s = {
            id: data.nextId(),
            channel: n.channel,
            number: pick(n, "id", "address", "label", "can_mms"),
            peer: { id: data.nextId(), address: body.customer, name: null },
            state: queue ? "waiting" : "held",
            queue: queue ? pick(queue, "id", "name") : null,
            extension: queue ? null : data.ref(byId(data.extensions, n.route.extension)),
            pick_up: queue?.pick_up ?? null,
            opened_at: Date.now(),
            closed_at: null,
            unread: 0,
          };
          data.sessions.push(s);
          data.threads.set(s.id, []);
          note(s, "opened", { to: s.queue?.name ?? s.extension?.name });
        }
        s.unread += 1;
        const phones = [{ extension: "1001", status: "delivered", reason: null }];
        file(s, "in", body.text, { phones }, { attachments: received });
        return { carrier_id: `sim-${data.nextId()}` };
      },
    ],
    ...Object.entries(resources).flatMap(([name, r]) => [
      ["GET", new RegExp(`^/${name}$`), () => r.list()],
      ["POST", new RegExp(`^/${name}$`), (_, { body }) => r.create(body)],
      ["GET", new RegExp(`^/${name}/(\\d+)$`), ([id]) => r.one(id)],
      ["PUT", new RegExp(`^/${name}/(\\d+)$`), ([id], { body }) => r.save(id, body)],
      ["DELETE", new RegExp(`^/${name}/(\\d+)$`), ([id]) => r.remove(id)],
    ]),
    ...campaigns.late,
  ];

  function login(body, res) {
    const user = accounts.get(body.name);
    if (!user || body.password !== PASSWORD) {
      tries += 1;
      if (tries > 4) {
        tries = 0;
        throw new Refused(429, "too_many_tries", "Too many tries.", { retry_after_s: 5 });
      }
      throw new Refused(401, "wrong_password", "User name or password is wrong.");
    }
    tries = 0;
    res.setHeader("set-cookie", `depesche_login=${user.name}; HttpOnly; SameSite=Strict; Path=/`);
    return meOf(user);
  }

  async function api(req, res, path, q) {
    if (path === "/live") return live(req, res);
    if (path === "/uploads" && req.method === "POST") {
      if (req.headers["x-depesche"] !== "portal") throw new Refused(403, "csrf", "The X-Depesche header is missing.");
      return json(res, 201, await media.put(req, q.get("name") ?? ""));
    }
    if (await media.serve(req, res, path, q, slow)) return undefined;
    if (await people.serve(req, res, path, q)) return undefined;
    if (await campaigns.serve(req, res, path, q)) return undefined;
    const body = await read(req);
    if (req.method !== "GET" && req.headers["x-depesche"] !== "portal")
      throw new Refused(403, "csrf", "The X-Depesche header is missing.");
    if (path === "/login" && req.method === "POST") return json(res, 200, login(body, res));
    const me = accounts.get(/depesche_login=([^;]+)/.exec(req.headers.cookie ?? "")?.[1]);
    if (!me) throw new Refused(401, "not_logged_in", "Log in first.");
    if (path === "/logout") res.setHeader("set-cookie", "depesche_login=; Max-Age=0; Path=/");
    for (const [method, pattern, run] of routes) {
      const match = method === req.method ? pattern.exec(path) : null;
      if (!match) continue;
      const answer = run(match.slice(1), { me, body, q });
      return answer === undefined ? res.writeHead(204).end() : json(res, 200, answer);
    }
    throw notFound();
  }

  let refusingLive = false;
  function live(req, res) {
    if (refusingLive) throw new Refused(503, "busy", "Too many live connections are open.");
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    res.write('event: hello\ndata: {"version":"0.1.0"}\n\n');
    streams.add(res);
    const ping = setInterval(() => res.write(": ping\n\n"), 20_000);
    req.on("close", () => {
      clearInterval(ping);
      streams.delete(res);
    });
  }

  const server = createServer(async (req, res) => {
    const url = new URL(req.url, "http://mock");
    res.setHeader("content-security-policy", CSP);
    res.setHeader("x-content-type-options", "nosniff");
    try {
      if (url.pathname.startsWith("/api/v1/")) await api(req, res, url.pathname.slice(7), url.searchParams);
      else await asset(res, url.pathname);
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused(500, "http_error", String(error?.stack ?? error));
      if (!(error instanceof Refused)) console.error(error);
      res.writeHead(refused.status, { "content-type": "application/problem+json" }).end(JSON.stringify(refused.body));
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () =>
      resolve({
        url: `http://${host}:${server.address().port}`,
        data,
        media,
        campaigns,
        people,
        slow,
        emit,
        streams,
        /** Ends all live streams and refuses new ones, or takes them again. */
        refuseLive(on) {
          refusingLive = on;
          if (on) for (const s of streams) s.destroy();
        },
        close: () => {
          campaigns.stop();
          for (const s of streams) s.destroy();
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });
}

const raise = (error) => {
  throw error;
};
const pick = (row, ...names) => (row ? Object.fromEntries(names.map((n) => [n, row[n]])) : raise(notFound()));
const json = (res, status, value) =>
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(value));

async function read(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Refused(413, "too_large", "Too large.");
    chunks.push(chunk);
  }
  return size > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
}

async function asset(res, path) {
  const wanted = join(DIST, normalize(path));
  const found = wanted.startsWith(DIST) && (await stat(wanted).catch(() => null))?.isFile();
  const file = found ? wanted : join(DIST, "index.html");
  res.setHeader("cache-control", path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-store");
  res.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(await readFile(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.env.PORT ?? 5180) });
  console.log(`mock of the API and dist/ on ${mock.url} (users admin, ben, carla, first; password ${PASSWORD})`);
}
