// The mock's part for files: uploads, what fits, attachments, the archive, a channel's rules.
import { card, paper, picture, sniff, tone, zip } from "./files.mjs";

const UPLOAD_BYTES_MAX = 100_000_000;
const WORDS = {
  files_too_many: [
    "Es sind mehr Dateien, als dieser Kanal mit einer Nachricht nimmt.",
    "There are more files than this channel takes with one message.",
  ],
  file_too_large: [
    "Die Datei ist zu groß für diesen Kanal und lässt sich nicht klein genug machen.",
    "The file is too large for this channel and cannot be made small enough.",
  ],
  files_too_large: [
    "Die Dateien zusammen sind zu groß für diesen Kanal.",
    "The files together are too large for this channel.",
  ],
  file_type_not_allowed: [
    "Dateien dieser Art sind auf diesem Kanal nicht erlaubt.",
    "Files of this type are not allowed on this channel.",
  ],
  file_unreadable: [
    "Die Datei ist beschädigt, leer oder nicht, was ihr Name sagt.",
    "The file is damaged, empty or not what its name says.",
  ],
  file_active: [
    "Das Dokument enthält Programme oder weitere Dateien und wurde abgelehnt.",
    "The document holds programs or further files inside, so it was refused.",
  ],
  file_locked: ["Das Dokument ist mit einem Kennwort geschützt.", "The document is locked with a password."],
  file_gone: [
    "Der Anbieter hat die Datei nicht mehr oder gibt sie uns nicht.",
    "The carrier no longer has the file, or does not give it to us.",
  ],
  file_expired: [
    "Die Datei wurde so lange aufbewahrt, wie dieser Kanal es tut.",
    "The file was kept for as long as this channel keeps files.",
  ],
  files_full: ["Für Dateien ist kein Platz mehr.", "There is no room left for files."],
  mms_not_possible: ["Von dieser Rufnummer an jene geht keine MMS.", "No MMS can go from this number to that one."],
  link_not_possible: [
    "Links sind auf diesem Kanal ausgeschaltet, und MMS geht hier nicht.",
    "Links are switched off on this channel, and MMS is not possible here.",
  ],
};
export const fileReason = (code) => ({
  code,
  carrier_code: null,
  detail: null,
  de: WORDS[code][0],
  en: WORDS[code][1],
  todo_de: null,
  todo_en: null,
});

export function makeMedia(data, Refused) {
  const uploads = new Map();
  const contents = new Map();
  const settings = new Map();
  const refuse = (status, code) => new Refused(status, code, WORDS[code][1], { title_de: WORDS[code][0] });

  const usual = (kind) => ({
    families: kind === "sms" ? ["picture", "paper"] : ["picture", "paper", "video", "audio", "card", "document"],
    files_max: 10,
    picture_bytes_max: 5_000_000,
    paper_bytes_max: kind === "sms" ? 600_000 : 100_000_000,
    other_bytes_max: kind === "sms" ? 600_000 : 16_000_000,
    total_bytes_max: kind === "sms" ? 5_000_000 : 100_000_000,
    countries: kind === "sms" ? ["US", "CA"] : null,
  });
  const rulesOf = (id) => {
    const channel = data.channels.find((c) => c.id === Number(id));
    const set = settings.get(Number(id)) ?? {};
    return {
      families: null,
      files_max: null,
      picture_bytes_max: null,
      paper_bytes_max: null,
      other_bytes_max: null,
      total_bytes_max: null,
      kept_days: 183,
      strip_location: true,
      active_pdf: "refuse",
      links_instead: true,
      countries: null,
      ...set,
      defaults: usual(channel.kind),
    };
  };
  const valid = (media) => {
    const d = media.defaults;
    return Object.fromEntries(Object.entries(d).map(([k, v]) => [k, media[k] ?? v]));
  };
  const TYPES = {
    picture: ["image/jpeg", "image/png", "image/gif"],
    paper: ["application/pdf"],
    video: ["video/mp4"],
    audio: ["audio/mpeg", "audio/wav"],
    card: ["text/vcard"],
    document: ["text/plain"],
  };
  /** What may go from this number to that one. */
  function rules(numberId, to) {
    const number = data.numbers.find((n) => n.id === numberId);
    const media = rulesOf(number.channel.id);
    const now = valid(media);
    const there = number.channel.kind === "whatsapp" || (number.can_mms && to.startsWith("+1"));
    const way = there ? "files" : media.links_instead ? "links" : "none";
    const max = (family) =>
      now[{ picture: "picture_bytes_max", paper: "paper_bytes_max" }[family] ?? "other_bytes_max"];
    return {
      way,
      why: there ? null : fileReason(media.links_instead ? "mms_not_possible" : "link_not_possible"),
      files_max: now.files_max,
      total_bytes_max: way === "links" ? 100_000_000 : now.total_bytes_max,
      upload_bytes_max: UPLOAD_BYTES_MAX,
      types: now.families.flatMap((family) =>
        TYPES[family].map((media_type) => ({
          media_type,
          family,
          bytes_max: way === "links" ? UPLOAD_BYTES_MAX : max(family),
        })),
      ),
    };
  }
  function fit(numberId, to, ids) {
    const r = rules(numberId, to);
    const files = ids.map((id) => {
      const u = uploads.get(id) ?? raise(new Refused(404, "not_found", "There is no such thing."));
      const type = r.types.find((t) => t.family === u.family);
      const { bytes, media_type, width, height } = u;
      const fitted = { upload: id, bytes, media_type, width, height, steps: [], problem: null };
      const name = u.name.toLowerCase();
      if (!type) return { ...fitted, problem: fileReason("file_type_not_allowed") };
      if (name.startsWith("aktiv")) return { ...fitted, problem: fileReason("file_active") };
      if (name.startsWith("gesperrt")) return { ...fitted, problem: fileReason("file_locked") };
      if (name.startsWith("handy")) fitted.steps.push("location_removed");
      if (bytes <= type.bytes_max && !(u.family === "picture" && bytes > 1_000_000 && r.way === "files")) return fitted;
      if (u.family !== "picture") return { ...fitted, problem: fileReason("file_too_large") };
      return {
        ...fitted,
        bytes: Math.min(549_000, Math.round(bytes / 3)),
        media_type: "image/jpeg",
        width: 2048,
        height: Math.round((2048 * height) / width),
        steps: ["scaled", "recompressed", "converted", ...fitted.steps],
      };
    });
    const total = files.reduce((sum, f) => sum + (f.problem ? 0 : f.bytes), 0);
    const problem =
      r.way === "none"
        ? r.why
        : files.length > r.files_max
          ? fileReason("files_too_many")
          : total > r.total_bytes_max
            ? fileReason("files_too_large")
            : null;
    return { way: r.way, total_bytes: total, total_bytes_max: r.total_bytes_max, files, problem };
  }

  /** A file of a message; `bytes` may be absent where it is not here. */
  function attach(position, name, bytes, more = {}) {
    const id = data.nextId();
    const facts = bytes ? sniff(bytes) : { media_type: null, family: null, width: null, height: null, count: null };
    if (bytes) contents.set(id, { name, bytes, media_type: facts.media_type });
    return {
      id,
      position,
      name,
      ...facts,
      bytes: bytes?.length ?? null,
      state: bytes ? "here" : "loading",
      reason: null,
      has_thumb: facts.family === "picture",
      steps: [],
      fetched: 0,
      ...more,
    };
  }
  /** What was put here leaves with a message. */
  function take(ids, numberId, to) {
    if (ids.length === 0) return { attachments: [], sent_as: null };
    const fitted = fit(numberId, to, ids);
    const bad = fitted.problem ?? fitted.files.find((f) => f.problem)?.problem;
    if (bad) throw new Refused(422, bad.code, bad.en, { title_de: bad.de, fields: { attachments: bad.en } });
    const attachments = ids.map((id, i) => {
      const u = uploads.get(id);
      return attach(i, u.name, u.content, { steps: fitted.files[i].steps });
    });
    return { attachments, sent_as: fitted.way === "links" ? "links" : "files" };
  }
  const plain = ({ content, ...upload }) => (content ? upload : upload);
  const upload = (id) => uploads.get(Number(id)) ?? raise(new Refused(404, "not_found", "There is no such thing."));

  async function put(req, name) {
    if (Number(req.headers["content-length"]) > UPLOAD_BYTES_MAX) throw refuse(413, "file_too_large");
    const chunks = [];
    for await (const part of req) chunks.push(part);
    const content = Buffer.concat(chunks);
    const lower = name.toLowerCase();
    if (lower.startsWith("voll")) throw refuse(507, "files_full");
    if (lower.startsWith("kaputt")) throw refuse(422, "file_unreadable");
    const facts = sniff(content);
    if (!facts) throw refuse(415, "file_type_not_allowed");
    const made = { id: data.nextId(), name, bytes: content.length, has_thumb: facts.family === "picture", ...facts };
    uploads.set(made.id, { ...made, content });
    return made;
  }

  const thread = (session) => data.threads.get(session);
  const add = (session, minutesAgo, direction, text, attachments, more = {}) => {
    const m = data.message(data.nextId(), session, direction, text, data.now - minutesAgo * 60_000, more);
    Object.assign(m, { attachments, media_count: attachments.length, sent_as: more.sent_as ?? null });
    thread(session).push({ type: "message", message: m });
    const s = data.sessions.find((x) => x.id === session);
    Object.assign(s, {
      last_at: m.at,
      last_text: text,
      last_direction: direction,
      last_status: m.status,
      last_files: attachments.length,
    });
    return m;
  };
  /** One conversation with every kind of file, in every state. */
  function furnish() {
    const [s, anna] = [data.fotos, data.extensions[0]];
    const pictures = (n, from = 0) =>
      Array.from({ length: n }, (_, i) => attach(i, `schaden-${i + 1}.png`, picture(480, 360, i + from)));
    data.six = add(s, 58, "in", "Hier sind die Fotos vom Schaden.", pictures(6)).id;
    add(
      s,
      50,
      "out",
      "Danke! Anbei der Reparaturauftrag und unsere Karte.",
      [attach(0, "auftrag-2026-118.pdf", paper(240_000), { steps: ["shrunk"] }), attach(1, "werkstatt.vcf", card())],
      { by: anna, status: "delivered", sent_as: "links" },
    );
    for (const a of thread(s).at(-1).message.attachments) a.fetched = 3;
    add(s, 41, "in", "", [attach(0, "sprachnachricht.wav", tone())]);
    add(s, 33, "in", "Und so sieht es von oben aus:", [attach(0, "von-oben.png", picture(600, 800, 4))]);
    add(s, 25, "in", "Noch ein Video, das kam wohl nicht durch?", [
      attach(0, "film.avi", null, { state: "failed", reason: fileReason("file_type_not_allowed") }),
      attach(1, "bild-7.jpg", null, { state: "failed", family: "picture", reason: fileReason("file_gone") }),
    ]);
    add(s, 18, "in", "Die alten Bilder:", [
      attach(0, "altes-bild.jpg", null, { state: "expired", family: "picture", reason: fileReason("file_expired") }),
    ]);
    data.loading = add(s, 2, "in", "", [
      attach(0, "neu-1.jpg", null, { family: "picture" }),
      attach(1, "neu-2.jpg", null, { family: "picture" }),
    ]).id;
    Object.assign(
      data.sessions.find((x) => x.id === s),
      { unread: 0 },
    );
  }

  const routes = (sessionOf) => [
    [
      "GET",
      /^\/uploads$/,
      (_, { q }) => ({
        items: (q.get("ids") ?? "")
          .split(",")
          .map(Number)
          .filter((id) => uploads.has(id))
          .map((id) => plain(uploads.get(id))),
      }),
    ],
    ["DELETE", /^\/uploads\/(\d+)$/, ([id]) => void uploads.delete(Number(id))],
    ["GET", /^\/sessions\/(\d+)\/media-rules$/, ([id], { me }) => ofSession(sessionOf(id, me), rules)],
    ["POST", /^\/sessions\/(\d+)\/fit$/, ([id], { me, body }) => ofSession(sessionOf(id, me), fit, body.uploads)],
    ["GET", /^\/numbers\/(\d+)\/media-rules$/, ([id], { q }) => rules(Number(id), q.get("to"))],
    ["POST", /^\/numbers\/(\d+)\/fit$/, ([id], { body }) => fit(Number(id), body.to, body.uploads)],
    ["GET", /^\/channels\/(\d+)\/media$/, ([id]) => rulesOf(id)],
    [
      "PUT",
      /^\/channels\/(\d+)\/media$/,
      ([id], { body }) => {
        settings.set(Number(id), body);
        return rulesOf(id);
      },
    ],
  ];
  const ofSession = (s, run, ...more) => run(s.number.id, s.peer.address, ...more);

  /** Answers with bytes; false: not one of these. */
  async function serve(req, res, path, q, options) {
    const [, kind, id, what] = /^\/(uploads|attachments|messages)\/(\d+)\/(file|thumb|media\.zip)$/.exec(path) ?? [];
    if (!kind || req.method !== "GET") return false;
    if (what === "media.zip") return archive(res, Number(id), options);
    const found =
      kind === "uploads"
        ? { name: upload(id).name, bytes: upload(id).content, media_type: upload(id).media_type }
        : contents.get(Number(id));
    if (!found) throw new Refused(404, "not_found", "There is no such thing.");
    const inline = found.media_type.startsWith("image/") && !q.has("download");
    res.writeHead(200, {
      "content-type": found.media_type,
      "content-length": found.bytes.length,
      "content-disposition": `${inline ? "inline" : "attachment"}; filename="${found.name}"`,
      "cache-control": "private, max-age=600",
    });
    res.end(found.bytes);
    return true;
  }
  async function archive(res, id, { pauseMs }) {
    const items = [...data.threads.values()].flat().find((i) => i.type === "message" && i.message.id === id);
    const files = items.message.attachments.flatMap((a) => contents.get(a.id) ?? []);
    const bytes = zip(files);
    res.writeHead(200, {
      "content-type": "application/zip",
      "x-files-bytes": files.reduce((sum, f) => sum + f.bytes.length, 0),
    });
    const step = Math.ceil(bytes.length / 20);
    for (let at = 0; at < bytes.length && !res.destroyed; at += step) {
      res.write(bytes.subarray(at, at + step));
      if (pauseMs) await new Promise((later) => setTimeout(later, pauseMs));
    }
    res.end();
    return true;
  }
  return { put, take, attach, furnish, routes, serve, uploads, contents };
}
const raise = (error) => {
  throw error;
};
