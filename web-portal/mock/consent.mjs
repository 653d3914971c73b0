// The mock's refusals, consents, settings of the words, persons and audit.
const TONGUES = ["de", "en", "fr", "es", "it", "nl", "pl", "tr"];
const words = (some) => Object.fromEntries(TONGUES.map((t) => [t, some[t] ?? []]));
const answers = (some) => Object.fromEntries(TONGUES.map((t) => [t, some[t] ?? ""]));

export function makeConsent(data, Refused, emit, contactsOf, now) {
  const DAY = 86_400_000;
  const optOuts = [];
  const consents = [];
  const audit = [];
  const settings = {
    stop: words({
      de: ["stop", "stopp", "abmelden", "keine sms"],
      en: ["stop", "unsubscribe", "opt out"],
      fr: ["arret"],
      pl: ["rezygnuję"],
    }),
    start: words({ de: ["start", "anmelden"], en: ["start", "unstop"] }),
    help: words({ de: ["hilfe"], en: ["help", "info"] }),
    scope: "number",
    answers: {
      stop: answers({
        de: "Sie erhalten keine Nachrichten mehr von uns. Mit START melden Sie sich wieder an.",
        en: "You get no more messages from us. Write START to begin again.",
      }),
      start: answers({ de: "Sie erhalten wieder Nachrichten von uns." }),
      help: answers({ de: "Beispiel GmbH, Telefon 030 555000. Abmelden mit STOP." }),
    },
    reopen_on_write: true,
    version: 1,
  };
  const nameOf = (address) => {
    if (address === null) return null;
    const c = contactsOf().find((x) => x.numbers.some((n) => n.address === address));
    return c ? `${c.first_name} ${c.last_name}`.trim() : null;
  };
  const labelOf = (scope) => {
    if (scope?.type === "channel") return data.channels.find((c) => c.id === scope.channel)?.name ?? "";
    const n = scope?.type === "number" && data.numbers.find((x) => x.id === scope.number);
    return n ? `${n.address} · ${n.channel.name}` : "everything";
  };
  const log = (who, what, about = null, detail = {}) =>
    audit.unshift({ id: data.nextId(), at: Date.now(), who, what, about, detail });
  function refuse(form) {
    const row = {
      id: data.nextId(),
      name: nameOf(form.address),
      scope_label: labelOf(form.scope),
      marketing_only: false,
      source: "user",
      words: null,
      note: "",
      channel_name: null,
      by_name: null,
      at: Date.now(),
      withdrawn_at: null,
      withdrawn_by: null,
      withdrawn_words: null,
      ...form,
    };
    optOuts.unshift(row);
    return row;
  }
  const seed = (address, more, ago) => refuse({ address, scope: { type: "everything" }, at: now - ago, ...more });
  seed(null, { source: "word", words: "STOP" }, 90 * DAY);
  seed("+4915551000040", { source: "import", note: "Altbestand 2024" }, 60 * DAY);
  seed(
    "+4915551000020",
    { source: "carrier", words: "21610", channel_name: "SMS Vertrieb", scope: { type: "channel", channel: 1 } },
    30 * DAY,
  );
  seed("+4915551000010", { source: "user", by_name: "ben", note: "Am Telefon gesagt", marketing_only: true }, 8 * DAY);
  seed(
    "+4915551000030",
    {
      source: "word",
      words: "stopp",
      scope: { type: "number", number: 1 },
      channel_name: "SMS Vertrieb",
      withdrawn_at: now - DAY,
      withdrawn_words: "START",
    },
    5 * DAY,
  );
  seed(
    "+12025550142",
    { source: "word", words: "STOP", scope: { type: "number", number: 3 }, channel_name: "SMS Vertrieb" },
    2 * DAY,
  );
  consents.push({
    id: data.nextId(),
    address: "+4915550000123",
    contact: null,
    source: "Bestellformular",
    text: "Ich möchte über Angebote per SMS informiert werden.",
    at: now - 40 * DAY,
    by_name: "ben",
    withdrawn_at: null,
  });
  for (const [who, what, about, detail] of [
    ["ben", "opt_out.add", "+4915551000010", { note: "Am Telefon gesagt" }],
    ["admin", "settings", "PUT /trunks/1", {}],
    ["admin", "opt_out.import", null, { rows: 120, added: 118 }],
    ["admin", "person.export", "+4915550000123", {}],
    ["carla", "session.open", "+4915550000404", { session: 102 }],
    ["ben", "import.run", "kunden.csv", { rows: 480 }],
    ["ben", "contact.export", "Kunden", { format: "csv" }],
    ["ben", "contact.delete", null, { contacts: 12 }],
    ["ben", "campaign.launch", "Preisliste 2027", { campaign: 7, recipients: 480 }],
    ["admin", "campaign.export", "Preisliste 2027", { campaign: 7, format: "xlsx", state: null }],
    ["admin", "person.view", "+4915550000123", {}],
  ])
    log(who, what, about, detail);

  const stands = (address) => optOuts.find((o) => o.address === address && o.withdrawn_at === null);
  const shown = (s) => {
    const o = stands(s.peer.address);
    const reaches =
      o && (o.scope.type === "everything" || o.scope.channel === s.channel.id || o.scope.number === s.number.id);
    return reaches
      ? {
          id: o.id,
          at: o.at,
          source: o.source,
          words: o.words,
          marketing_only: o.marketing_only,
          may_reply: o.marketing_only,
        }
      : null;
  };
  const page = (list, after, limit) => {
    const from = Number(after ?? 0);
    const size = Math.min(Number(limit ?? 50), 200);
    return { items: list.slice(from, from + size), next: from + size < list.length ? String(from + size) : null };
  };
  const one = (id) => {
    const o = optOuts.find((x) => x.id === Number(id));
    if (!o) throw new Refused(404, "not_found", "No such opt-out.");
    return o;
  };
  function kept(address) {
    const mine = data.sessions.filter((s) => s.peer.address === address);
    const messages = mine.flatMap((s) => data.threads.get(s.id).filter((i) => i.type === "message"));
    return {
      contacts: contactsOf().filter((c) => c.numbers.some((n) => n.address === address)).length,
      sessions: mine.length,
      messages: messages.length,
      opt_outs: optOuts.filter((o) => o.address === address).length,
      consents: consents.filter((c) => c.address === address).length,
      campaigns: 0,
    };
  }
  function erase({ address, confirm }, me) {
    if (address !== confirm) throw new Refused(422, "invalid", "confirm", { fields: { confirm: "wrong" } });
    const { contacts, sessions, messages } = kept(address);
    const all = contactsOf();
    for (const c of all.filter((x) => x.numbers.some((n) => n.address === address))) all.splice(all.indexOf(c), 1);
    for (const s of data.sessions.filter((x) => x.peer.address === address))
      data.sessions.splice(data.sessions.indexOf(s), 1);
    for (const o of optOuts.filter((x) => x.address === address))
      Object.assign(o, { address: null, name: null, note: "" });
    for (const c of consents.filter((x) => x.address === address)) consents.splice(consents.indexOf(c), 1);
    log(me.name, "person.erase");
    emit("contacts", []);
    return { contacts, sessions, messages, files: 0 };
  }
  function take(text, dry) {
    const lines = text.split(/\r?\n/).slice(1).filter(Boolean);
    const answer = { rows: lines.length, added: 0, known: 0, faulty: 0, faults: [] };
    lines.forEach((line, n) => {
      const address = line.split(/[;,]/)[0].replace(/[\s/-]/g, "");
      if (!/^\+\d{7,15}$/.test(address)) {
        answer.faulty += 1;
        answer.faults.push({ line: n + 2, de: `„${address}“ ist keine Rufnummer`, en: `“${address}” is no number` });
      } else if (stands(address)) answer.known += 1;
      else {
        answer.added += 1;
        if (!dry) refuse({ address, scope: { type: "everything" }, source: "import" });
      }
    });
    if (!dry) emit("opt_outs", []);
    return answer;
  }
  const routes = [
    [
      "GET",
      /^\/opt-outs$/,
      (_, { q }) => {
        const needle = (q.get("q") ?? "").toLowerCase().replace(/^0(?=1)/, "");
        const hits = optOuts.filter(
          (o) =>
            (!needle || [o.address, o.name, o.words, o.note].some((x) => x?.toLowerCase().includes(needle))) &&
            (!q.get("source") || o.source === q.get("source")) &&
            (q.get("active") === null || (o.withdrawn_at === null) === (q.get("active") === "true")),
        );
        return page(
          hits.sort((a, b) => b.at - a.at),
          q.get("after"),
          q.get("limit"),
        );
      },
    ],
    [
      "POST",
      /^\/opt-outs$/,
      (_, { body, me }) => {
        if (!/^\+\d{7,15}$/.test(body.address))
          throw new Refused(422, "invalid", "address", { fields: { address: "not_a_number" } });
        const o = stands(body.address) ?? refuse({ ...body, by_name: me.name });
        log(me.name, "opt_out.add", body.address, { id: o.id });
        emit("opt_outs", [o.id]);
        return o;
      },
    ],
    [
      "POST",
      /^\/opt-outs\/(\d+)\/withdraw$/,
      ([id], { body, me }) => {
        const o = Object.assign(one(id), {
          withdrawn_at: Date.now(),
          withdrawn_by: me.name,
          withdrawn_words: body.note,
        });
        log(me.name, "opt_out.withdraw", o.address, { note: body.note });
        emit("opt_outs", [o.id]);
        return o;
      },
    ],
    ["GET", /^\/consent\/settings$/, () => settings],
    [
      "PUT",
      /^\/consent\/settings$/,
      (_, { body, me }) => {
        if (body.version !== settings.version)
          throw new Refused(412, "stale", "Somebody else changed this in the meantime.");
        const odd = TONGUES.find((t) => body.stop[t].some((w) => settings.start[t].includes(w)));
        if (odd)
          throw new Refused(422, "invalid", "word", {
            fields: { [`stop.${odd}`]: "a word cannot stop and start" },
            fields_de: { [`stop.${odd}`]: "ein Wort kann nicht ab- und anmelden" },
          });
        log(me.name, "consent.settings");
        return Object.assign(settings, body, { version: settings.version + 1 });
      },
    ],
    ["GET", /^\/consents$/, (_, { q }) => ({ items: consents.filter((c) => c.address === q.get("address")) })],
    [
      "POST",
      /^\/consents$/,
      (_, { body, me }) => {
        const c = { id: data.nextId(), by_name: me.name, withdrawn_at: null, ...body };
        consents.push(c);
        return c;
      },
    ],
    [
      "POST",
      /^\/consents\/(\d+)\/withdraw$/,
      ([id]) => void (consents.find((c) => c.id === Number(id)).withdrawn_at = Date.now()),
    ],
    ["GET", /^\/people$/, (_, { q }) => kept(q.get("address"))],
    ["POST", /^\/people\/erase$/, (_, { body, me }) => erase(body, me)],
    [
      "GET",
      /^\/audit$/,
      (_, { q }) => {
        const has = (name, fits) => !q.get(name) || fits(q.get(name));
        const hits = audit.filter(
          (e) =>
            has("who", (who) => e.who.includes(who)) &&
            has("what", (what) => e.what === what || e.what.startsWith(`${what}.`)) &&
            has("address", (address) => e.about === address) &&
            has("from", (from) => e.at >= Number(from)) &&
            has("until", (until) => e.at < Number(until)),
        );
        return page(hits, q.get("after"), q.get("limit"));
      },
    ],
  ];
  return { routes, shown, refused: (address) => !!stands(address), take, optOuts, settings, refuse };
}
