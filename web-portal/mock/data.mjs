// Invented people and conversations for development and browser tests. Numbers are from ranges nobody owns.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const reason = (code, de, en, carrier_code = null, detail = null, [todo_de, todo_en] = [null, null]) => ({
  code,
  carrier_code,
  detail,
  en,
  de,
  todo_de,
  todo_en,
});
const REASONS = {
  no_credit: reason(
    "no_credit",
    "Das Guthaben beim Anbieter ist erschöpft.",
    "The carrier account has run out of credit.",
    "30002",
    "Account suspended",
    ["Bitte das Guthaben beim Anbieter aufladen.", "Top up at the carrier."],
  ),
  unknown_number: reason(
    "rejected",
    "Die Rufnummer ist nicht vergeben.",
    "The number is not in service.",
    "30005",
    "Unknown destination handset",
    ["Bitte die Rufnummer mit dem Kunden abgleichen.", "Check the number with the customer."],
  ),
  uncertain: reason(
    "uncertain",
    "Der Anbieter hat nicht geantwortet. Vielleicht ist der Text angekommen.",
    "The carrier did not answer. The text may have arrived.",
  ),
  no_binding: reason(
    "not_registered",
    "Das Telefon ist nicht angemeldet; der Text wartet bis zu 72 Stunden.",
    "The phone is not registered; the text waits for up to 72 hours.",
  ),
};

export function makeData(now = Date.now()) {
  const extension = (id, number, name, more = {}) => ({
    id,
    number,
    name,
    enabled: true,
    default_number: 1,
    bindings: [],
    reachable: "no",
    waiting_texts: 0,
    version: 1,
    ...more,
  });
  const binding = (contact, transport, user_agent, inMs) => ({
    contact,
    transport,
    user_agent,
    expires_at: now + inMs,
  });
  const extensions = [
    extension(1, "1001", "Anna Müller", {
      reachable: "registered",
      bindings: [
        binding("sip:1001@192.0.2.21:5060", "udp", "Yealink SIP-T46U 108.86.0.20", 50 * MINUTE),
        binding("sip:1001@192.0.2.77:49210;transport=tls", "tls", "Linphone-Desktop/5.2.6", 24 * MINUTE),
      ],
    }),
    extension(2, "1002", "Ben Schäfer", {
      reachable: "registered",
      bindings: [binding("sip:1002@192.0.2.22:5060;transport=tcp", "tcp", "snomD785/10.1.169.16", 31 * MINUTE)],
    }),
    extension(3, "1003", "Carla Rossi", { waiting_texts: 2 }),
    extension(4, "1010", "Empfang", { enabled: false, default_number: null }),
  ];
  const ref = (e) => e && { id: e.id, number: e.number, name: e.name };

  const trunks = [
    {
      id: 1,
      name: "Simulator",
      carrier: "simulator",
      enabled: true,
      settings: { delay_ms: "800" },
      secrets_set: [],
      mps: null,
      on_uncertain: "ask",
      confirms: "we",
      webhook_url: "https://sms.example.com/in/5f1c7a9e2b",
      state: "ok",
      state_reason: null,
      last_in_at: now - 3 * MINUTE,
      last_out_at: now - 2 * MINUTE,
      errors_24h: 0,
      version: 1,
    },
    {
      id: 2,
      name: "Twilio Vertrieb",
      carrier: "twilio",
      enabled: true,
      settings: { account_sid: "AC00000000000000000000000000000000", auth_token: null },
      secrets_set: ["auth_token"],
      mps: 10,
      on_uncertain: "ask",
      confirms: "we",
      webhook_url: "https://sms.example.com/in/c0ffee1234",
      state: "no_credit",
      state_reason: REASONS.no_credit,
      last_in_at: now - 5 * HOUR,
      last_out_at: now - 26 * HOUR,
      errors_24h: 7,
      version: 4,
    },
    {
      id: 3,
      name: "Allgemeines SMS-Gateway",
      carrier: "generic",
      enabled: false,
      settings: { url: "https://gateway.example.com/send" },
      secrets_set: ["token", "webhook_secret"],
      mps: 2,
      on_uncertain: "send_again",
      confirms: "we",
      webhook_url: "https://sms.example.com/in/77aa00bb11",
      state: "off",
      state_reason: null,
      last_in_at: null,
      last_out_at: null,
      errors_24h: 0,
      version: 2,
    },
  ];
  for (const trunk of trunks)
    Object.assign(trunk, { intake: "webhooks", poll_every_s: 30, can_poll: trunk.carrier !== "generic", poll: null });
  for (const trunk of trunks)
    trunk.pace = { percent: trunk.id === 1 ? 50 : 100, held_until: null, failures: 0, interrupted: false };
  Object.assign(trunks[0], {
    intake: "both",
    poll: { asked_at: now - 9_000, answered_at: now - 9_000, next_at: now + 21_000, failures: 0, reason: null },
  });
  const carriers = [
    ...OTHER_CARRIERS,
    {
      name: "simulator",
      title: "Simulator",
      group: "trial",
      paste: [],
      unverified_en: null,
      unverified_de: null,
      kinds: ["sms", "whatsapp"],
      fields: [
        field("delay_ms", "Answer delay in ms", "Verzögerung der Antwort in ms", "Default 800", false, false, "800"),
      ],
    },
    {
      name: "twilio",
      title: "Twilio",
      group: "world",
      unverified_en: null,
      unverified_de: null,
      paste: [
        {
          kind: "messages",
          en: "Console: the number, A message comes in: Webhook, HTTP POST.",
          de: "Console: die Rufnummer, A message comes in: Webhook, HTTP POST.",
        },
        {
          kind: "reports",
          en: "Asked for with each message: enter it only where you want to see it.",
          de: "Wird mit jeder Nachricht angefordert: nur eintragen, wenn gewünscht.",
        },
      ],
      kinds: ["sms"],
      fields: [
        field("account_sid", "Account SID", "Account SID", "AC…", false, true),
        field("auth_token", "Auth token", "Auth-Token", null, true, true),
        field("messaging_service_sid", "Messaging service SID", "Messaging-Service-SID", "MG…", false, false),
      ],
    },
    {
      name: "generic",
      title: "Generic SMS API",
      group: "own",
      unverified_en: null,
      unverified_de: null,
      paste: [{ kind: "all", en: "In your provider's settings.", de: "In den Einstellungen des Anbieters." }],
      kinds: ["sms"],
      fields: [
        field("url", "Send address", "Sende-Adresse", "https://…", false, true),
        field("token", "Bearer token", "Bearer-Token", null, true, true),
        field("webhook_secret", "Webhook secret", "Webhook-Geheimnis", null, true, true),
      ],
    },
  ];
  const channels = [
    {
      id: 1,
      name: "SMS Vertrieb",
      kind: "sms",
      trunk: { id: 1, name: "Simulator" },
      enabled: true,
      close_after_days: 14,
      version: 1,
    },
    {
      id: 2,
      name: "WhatsApp Service",
      kind: "whatsapp",
      trunk: { id: 1, name: "Simulator" },
      enabled: true,
      close_after_days: 1,
      version: 1,
    },
  ];
  const channelRef = (c) => ({ id: c.id, name: c.name, kind: c.kind });
  const numbers = [
    {
      id: 1,
      channel: channelRef(channels[0]),
      address: "+4915550000900",
      label: "Vertrieb",
      sender_class: "long_code",
      mps: null,
      route: { queue: 1 },
      version: 1,
    },
    {
      id: 2,
      channel: channelRef(channels[1]),
      address: "+4915550000901",
      label: "Service",
      sender_class: "whats_app",
      mps: null,
      route: { queue: 2 },
      version: 1,
    },
    {
      id: 3,
      channel: channelRef(channels[0]),
      address: "+12025550100",
      label: "US office",
      sender_class: "toll_free",
      mps: 3,
      route: { extension: 2 },
      version: 1,
    },
  ];
  for (const n of numbers) Object.assign(n, { mms: "auto", can_mms: n.address.startsWith("+1") });
  const queues = [
    { id: 1, name: "Vertrieb", pick_up: "manual", members: [1, 2], version: 1 },
    { id: 2, name: "Service", pick_up: "automatic", members: [1, 2, 3], version: 1 },
    { id: 3, name: "Nachtdienst", pick_up: "none", members: [], version: 1 },
  ];
  const users = [
    user(1, "admin", "admin", ref(extensions[0]), now - 2 * HOUR),
    user(2, "ben", "supervisor", ref(extensions[1]), now - DAY),
    user(3, "carla", "agent", ref(extensions[2]), null, true),
  ];

  let ids = 100;
  const sessions = [];
  const threads = new Map();
  const exchanges = [];
  function converse({ name = null, address, number = 0, state, owner = null, queue = 0, unread = 0, ago, lines }) {
    const id = ++ids;
    const n = numbers[number];
    const items = [];
    for (const line of lines) {
      const [offset, kind, text, more = {}] = line;
      const at = now - ago - offset;
      if (kind === "event")
        items.push({ type: "event", event: { id: ++ids, at, kind: text, by: null, from: null, to: null, ...more } });
      else items.push({ type: "message", message: message(++ids, id, kind, text, at, more) });
    }
    const messages = items.filter((i) => i.type === "message").map((i) => i.message);
    const last = messages.at(-1);
    sessions.push({
      id,
      channel: n.channel,
      number: { id: n.id, address: n.address, label: n.label, can_mms: n.can_mms },
      peer: { id: id + 5000, address, name },
      window: n.channel.kind === "whatsapp" ? windowOf(messages.findLast((m) => m.direction === "in")?.at) : null,
      opted_out: false,
      state,
      queue: queues[queue] ? { id: queues[queue].id, name: queues[queue].name } : null,
      extension: owner === null ? null : ref(extensions[owner]),
      pick_up: queues[queue]?.pick_up ?? null,
      opened_at: items[0]?.type === "event" ? items[0].event.at : last.at,
      closed_at: state === "closed" ? last.at + 5 * MINUTE : null,
      last_at: last.at,
      last_text: last.text,
      last_files: last.media_count,
      last_direction: last.direction,
      last_status: last.status,
      unread,
      awaiting_reply: last.direction === "in",
    });
    threads.set(id, items);
    return id;
  }
  function windowOf(at) {
    const open_until = at ? at + DAY : null;
    return { open_until, seconds_left: open_until ? Math.max(0, Math.floor((open_until - now) / 1000)) : 0 };
  }
  function message(id, session_id, direction, text, at, more = {}) {
    const author = more.by
      ? { kind: "extension", name: more.by.name, extension: ref(more.by) }
      : { kind: direction === "in" ? "peer" : "user", name: null, extension: null };
    const failed = ["failed", "undelivered", "uncertain"].includes(more.status);
    return {
      id,
      session_id,
      direction,
      text,
      at,
      author,
      status: more.status ?? (direction === "in" ? "received" : "delivered"),
      reason: more.reason ?? null,
      segments: direction === "out" ? Math.ceil(text.length / 153) : null,
      media_count: more.media ?? 0,
      attachments: [],
      sent_as: null,
      rich: more.rich ?? null,
      in_reply_to: more.quote ? { id: 0, direction: "out", text: more.quote } : null,
      phones: more.phones ?? [],
      can: { send_again: failed, settle: more.status === "uncertain" },
    };
  }
  const [anna, ben] = extensions;
  const rang = (...list) => ({
    phones: list.map(([e, status, why = null]) => ({ extension: e, status, reason: why })),
  });

  const clara = converse({
    name: "Clara Wolf",
    address: "+4915550000123",
    number: 1,
    queue: 1,
    state: "held",
    owner: 0,
    unread: 2,
    ago: 3 * MINUTE,
    lines: [
      [26 * HOUR, "event", "opened", { to: "Service" }],
      [
        26 * HOUR - MINUTE,
        "in",
        "Guten Tag, wann kommt meine Bestellung 4711?",
        rang(["1001", "delivered"], ["1002", "delivered"]),
      ],
      [25.6 * HOUR, "event", "picked_up", { by: "Anna Müller (1001)" }],
      [
        25.5 * HOUR,
        "out",
        "Guten Tag Frau Wolf, sie ist heute Morgen verschickt worden. Hier können Sie sie verfolgen: https://tracking.example.com/4711",
        { by: anna, status: "read" },
      ],
      [34 * MINUTE, "in", "Danke! Leider ist das Paket beschädigt angekommen 😕", rang(["1001", "delivered"])],
      [30 * MINUTE, "out", "Das tut mir leid! Können Sie bitte Fotos schicken?", { by: anna, status: "read" }],
      [
        2 * MINUTE,
        "in",
        "Hier sind sie. Die Ecke ist eingedrückt und ein Teil fehlt.",
        { media: 2, ...rang(["1001", "delivered"]) },
      ],
      [0, "in", "Bekomme ich Ersatz?", rang(["1001", "delivered"])],
    ],
  });
  const petra = converse({
    name: "Petra Lang",
    address: "+4915550000777",
    number: 1,
    queue: 1,
    state: "held",
    owner: 0,
    ago: 27 * HOUR,
    lines: [
      [50 * MINUTE, "event", "opened", { to: "Service" }],
      [50 * MINUTE, "in", "Wo finde ich Sie?", rang(["1001", "delivered"])],
      [
        45 * MINUTE,
        "out",
        "Werkstatt\nHafenstraße 12\ngeo:53.5436,9.9662",
        {
          by: anna,
          status: "read",
          rich: {
            type: "location",
            latitude: 53.5436,
            longitude: 9.9662,
            name: "Werkstatt",
            address: "Hafenstraße 12, Hamburg",
          },
        },
      ],
      [
        40 * MINUTE,
        "out",
        "Passt Ihnen 9 Uhr?",
        {
          by: anna,
          status: "read",
          rich: {
            type: "buttons",
            choices: [
              { id: "y", title: "Ja", description: null },
              { id: "n", title: "Nein, später", description: null },
            ],
          },
        },
      ],
      [
        30 * MINUTE,
        "in",
        "Ja",
        {
          rich: { type: "chosen", id: "y", title: "Ja", description: null },
          quote: "Passt Ihnen 9 Uhr?",
          ...rang(["1001", "delivered"]),
        },
      ],
      [
        20 * MINUTE,
        "in",
        "Max Muster, +49 1555 0000778",
        {
          rich: {
            type: "contacts",
            contacts: [
              {
                name: "Max Muster",
                first_name: "Max",
                last_name: "Muster",
                company: "Muster GmbH",
                phones: ["+49 1555 0000778"],
                emails: [],
              },
            ],
          },
          ...rang(["1001", "delivered"]),
        },
      ],
      [
        0,
        "in",
        "👍",
        { rich: { type: "reaction", to: "wamid.1", emoji: "👍" }, quote: "Werkstatt", ...rang(["1001", "delivered"]) },
      ],
    ],
  });
  converse({
    address: "+4915550000375",
    state: "waiting",
    unread: 1,
    ago: 9 * MINUTE,
    lines: [
      [0, "event", "opened", { to: "Vertrieb" }],
      [0, "in", "Wann haben Sie morgen geöffnet?", rang(["1001", "delivered"], ["1002", "delivered"])],
    ],
  });
  converse({
    name: "Eva Klein",
    address: "+4915550000288",
    state: "held",
    owner: 1,
    ago: 22 * MINUTE,
    lines: [
      [HOUR, "event", "opened", { to: "Vertrieb" }],
      [HOUR, "in", "Bitte um Rückruf wegen des Angebots 2026-118.", rang(["1001", "delivered"], ["1002", "delivered"])],
      [50 * MINUTE, "event", "picked_up", { by: "Ben Schäfer (1002)" }],
      [0, "out", "Sehr gern, ich rufe Sie um 15 Uhr an. Passt das?", { by: ben, status: "delivered" }],
    ],
  });
  converse({
    name: "Northwind Ltd",
    address: "+12025550142",
    number: 2,
    state: "held",
    owner: 1,
    queue: 9,
    ago: 48 * MINUTE,
    lines: [
      [2 * HOUR, "event", "opened", { to: "Ben Schäfer (1002)" }],
      [2 * HOUR, "in", "Hi, could you resend the invoice for October?", rang(["1002", "delivered"])],
      [HOUR, "out", "Of course, it is on its way to your mailbox.", { by: ben, status: "sent" }],
      [0, "in", "Got it, thanks a lot!", rang(["1002", "delivered"])],
    ],
  });
  const fotos = converse({
    name: "Tessa Brandt",
    address: "+12025550177",
    number: 2,
    state: "held",
    owner: 0,
    queue: 9,
    ago: 60 * MINUTE,
    lines: [
      [0, "event", "opened", { to: "Anna Müller (1001)" }],
      [0, "in", "Guten Tag, mir ist jemand ins Auto gefahren.", rang(["1001", "delivered"])],
    ],
  });
  const hans = converse({
    name: "Hans Weber",
    address: "+4915550000404",
    state: "held",
    owner: 0,
    ago: 2 * HOUR,
    lines: [
      [20 * MINUTE, "event", "opened", { to: "Vertrieb" }],
      [20 * MINUTE, "in", "Ist der Termin am Freitag noch frei?", rang(["1001", "delivered"])],
      [12 * MINUTE, "event", "picked_up", { by: "Anna Müller (1001)" }],
      [
        10 * MINUTE,
        "out",
        "Ja, Freitag um 10 Uhr passt.",
        { by: anna, status: "uncertain", reason: REASONS.uncertain },
      ],
      [0, "out", "Haben Sie meine Antwort bekommen?", { by: anna, status: "failed", reason: REASONS.unknown_number }],
    ],
  });
  converse({
    name: "Ines Bauer",
    address: "+4915550000512",
    number: 1,
    queue: 1,
    state: "waiting",
    ago: 5 * HOUR,
    lines: [
      [0, "event", "opened", { to: "Service" }],
      [
        0,
        "in",
        "Mein Router blinkt rot, was kann ich tun?",
        rang(["1001", "delivered"], ["1002", "delivered"], ["1003", "queued", REASONS.no_binding]),
      ],
    ],
  });
  const names = [
    "Jonas Vogt",
    null,
    "Kim Olsen",
    "Lena Brandt",
    null,
    "Mark Hoffmann",
    "Nora Lindt",
    null,
    "Oskar Peters",
    "Paula Sommer",
    null,
    "Rita Kern",
  ];
  const texts = [
    "Vielen Dank, bis Freitag!",
    "Perfect, see you then.",
    "Ich melde mich morgen wieder.",
    "Alles angekommen, danke.",
    "Can I change the delivery address?",
    "Bitte den Techniker auf 14 Uhr verschieben.",
  ];
  names.forEach((name, i) => {
    converse({
      name,
      address: i % 4 === 2 ? `+120255501${50 + i}` : `+491555000${1600 + i * 7}`,
      number: i % 3,
      queue: i % 2,
      state: i < 5 ? "waiting" : "closed",
      ago: (i + 1) * 11 * HOUR,
      unread: i < 2 ? 1 : 0,
      lines: [
        [40 * MINUTE, "event", "opened", { to: queues[i % 2].name }],
        [40 * MINUTE, "in", "Hallo, ich habe eine Frage zu meinem Auftrag.", rang(["1001", "delivered"])],
        [30 * MINUTE, "out", "Gern, worum geht es?", { by: anna }],
        [0, "in", texts[i % texts.length], rang(["1001", "delivered"])],
        ...(i < 5
          ? []
          : [
              [
                -5 * MINUTE,
                "event",
                i % 2 ? "ended_automatically" : "ended",
                { by: i % 2 ? null : "Anna Müller (1001)" },
              ],
            ]),
      ],
    });
  });
  // One long conversation, to see paging.
  const long = [];
  for (let i = 140; i > 0; i--)
    long.push([
      i * 3 * HOUR,
      i % 2 ? "in" : "out",
      `Nachricht ${141 - i}: ${texts[i % texts.length]}`,
      i % 2 ? {} : { by: anna, status: "read" },
    ]);
  converse({
    name: "Stammkunde Zeller",
    address: "+4915550000999",
    state: "held",
    owner: 0,
    ago: 7 * HOUR,
    lines: [[900 * HOUR, "event", "opened", { to: "Vertrieb" }], ...long, [0, "in", "Danke für alles!", {}]],
  });

  const exchange = (at, more) =>
    exchanges.push({
      id: ++ids,
      at,
      trunk: 1,
      extension: null,
      message: 1,
      delivery: 11,
      direction: "out",
      what: "send",
      took_ms: 212,
      status: "200",
      good: true,
      outcome: "",
      request: "",
      answer: "",
      ...more,
    });
  exchange(now - 30 * MINUTE, {
    outcome: "Angenommen als SM7f2a, 1 Teil",
    request:
      "POST /2010-04-01/Accounts/AC…/Messages.json HTTP/1.1\nauthorization: Basic ***\ncontent-type: application/x-www-form-urlencoded\n\nTo=%2B4915550000123&From=%2B4915550000901&Body=Das+tut+mir+leid%21",
    answer:
      'HTTP/1.1 201 Created\ncontent-type: application/json\n\n{"sid":"SM7f2a","status":"queued","num_segments":"1","error_code":null}',
  });
  exchange(now - 29.8 * MINUTE, {
    direction: "in",
    what: "webhook",
    took_ms: 4,
    outcome: "Zustellbericht: delivered",
    request: "POST /in/c0ffee1234 HTTP/1.1\nx-twilio-signature: ***\n\nMessageSid=SM7f2a&MessageStatus=delivered",
    answer: "HTTP/1.1 200 OK",
  });
  exchange(now - 29 * MINUTE, {
    what: "sip",
    trunk: null,
    extension: 1,
    took_ms: 5021,
    status: "408",
    good: false,
    outcome: "Das Telefon 1001 hat nicht geantwortet; neuer Versuch in 30 s",
    request:
      "MESSAGE sip:1001@192.0.2.21:5060 SIP/2.0\nFrom: <sip:+4915550000123@sms.example.com>;tag=9f\nTo: <sip:1001@sms.example.com>\nContent-Type: text/plain",
    answer: "",
  });

  const customers = new Map();
  const phone = (address) => {
    if (!customers.has(address)) customers.set(address, []);
    return customers.get(address);
  };
  phone("+4915550000100").push(
    {
      direction: "from_customer",
      our_number: numbers[0].address,
      text: "Guten Tag, haben Sie den Artikel 300 noch auf Lager?",
      at: now - 50 * MINUTE,
      state: "received",
    },
    {
      direction: "to_customer",
      our_number: numbers[0].address,
      text: "Guten Tag, ja: 12 Stück. Möchten Sie einen zurücklegen lassen?",
      at: now - 44 * MINUTE,
      state: "delivered",
    },
    {
      direction: "from_customer",
      our_number: numbers[0].address,
      text: "Ja bitte, ich komme heute Nachmittag.",
      at: now - 40 * MINUTE,
      state: "received",
    },
  );
  phone("+4915550000201");
  phone("+12025550101");
  const behaviours = [
    { ending: "01", en: "Delivered after 5 seconds", de: "Zugestellt nach 5 Sekunden" },
    { ending: "02", en: "Refused: number not in service", de: "Abgelehnt: Rufnummer nicht vergeben" },
    { ending: "03", en: "Accepted, never reported", de: "Angenommen, nie berichtet" },
    { ending: "04", en: "Report before the answer", de: "Bericht kommt vor der Antwort" },
    { ending: "05", en: "Carrier hangs: uncertain", de: "Anbieter hängt: ungewiss" },
    { ending: "06", en: "Throttled, then delivered", de: "Gedrosselt, dann zugestellt" },
  ];
  const alarms = [
    { id: 1, at: now - 26 * HOUR, kind: "trunk", subject: "Twilio Vertrieb", reason: REASONS.no_credit },
    { id: 2, at: now - 3 * HOUR, kind: "phone", subject: "1003", reason: REASONS.no_binding },
  ];
  return {
    petra,
    fotos,
    templates: templateList(now),
    now,
    extensions,
    trunks,
    carriers,
    channels,
    numbers,
    queues,
    users,
    sessions,
    threads,
    exchanges,
    customers,
    behaviours,
    alarms,
    clara,
    hans,
    message,
    REASONS,
    nextId: () => ++ids,
    ref,
  };
}

function field(key, en, de, hint, secret, required, value = null) {
  return { key, en, de, hint: hint ?? "", hint_de: hint ?? "", secret, required, default: value };
}
/** The rest of the list, so that its length is as it will be. */
const OTHER_CARRIERS = [
  ["us", "Bandwidth", "BulkVS", "Flowroute", "SignalWire", "VoIP.ms"],
  ["eu", "LINK Mobility", "MessageBird", "seven.io", "sipgate"],
  ["world", "Bird", "Clickatell", "DIDWW", "Infobip", "Plivo", "Sinch", "Telnyx", "Vonage"],
  ["whatsapp", "WhatsApp (Meta Cloud API)"],
  ["sip", "SIP-Trunk"],
].flatMap(([group, ...titles]) =>
  titles.map((title) => ({
    name: title.toLowerCase().replace(/[^a-z0-9]+/g, "_"),
    title,
    group,
    kinds: [group === "whatsapp" ? "whatsapp" : "sms"],
    paste: [{ kind: "all", en: "In the carrier's portal.", de: "Im Portal des Anbieters." }],
    unverified_en:
      title === "BulkVS" ? "The vendor's own documentation could not be seen; names of fields may differ." : null,
    unverified_de:
      title === "BulkVS" ? "Die Dokumentation des Anbieters war nicht einsehbar; Feldnamen können abweichen." : null,
    fields: [
      field("key", "API key", "API-Schlüssel", "Portal: API settings", true, true),
      field("account", "Account", "Konto", "Portal: top right", false, true),
    ],
  })),
);
function user(id, name, role, extension, last_login_at, must_change_password = false) {
  return { id, name, role, extension, must_change_password, last_login_at, version: 1 };
}

/** One template of each kind. */
function templateList(now) {
  const one = (id, name, language, category, status, components, needs, more = {}) => ({
    id,
    trunk: { id: 1, name: "Simulator" },
    name,
    language,
    category,
    status,
    usable: status === "APPROVED",
    quality: "GREEN",
    reason: null,
    named: false,
    components,
    needs: { header: null, header_variable: null, body: [], buttons: [], ...needs },
    updated_at: now - 600_000,
    ...more,
  });
  const body = (text) => ({ type: "body", text });
  return [
    one(
      1,
      "terminerinnerung",
      "de",
      "UTILITY",
      "APPROVED",
      [
        { type: "header", format: "text", text: "Ihr Termin" },
        body("Guten Tag {{1}}, wir erwarten Sie am {{2}} um {{3}} Uhr."),
        { type: "footer", text: "Antworten Sie einfach auf diese Nachricht." },
        { type: "buttons", buttons: [{ kind: "QUICK_REPLY", text: "Passt", url: null }] },
      ],
      { body: ["1", "2", "3"] },
    ),
    one(
      2,
      "anfahrt",
      "de",
      "UTILITY",
      "APPROVED",
      [{ type: "header", format: "location", text: null }, body("Hallo {{1}}, hier finden Sie uns.")],
      { header: "location", body: ["1"] },
    ),
    one(
      3,
      "sommerangebot",
      "de",
      "MARKETING",
      "PAUSED",
      [body("Im Sommer ist alles günstiger.")],
      {},
      {
        quality: "RED",
        reason: "LOW_QUALITY",
      },
    ),
    one(
      5,
      "herbstangebot",
      "de",
      "MARKETING",
      "APPROVED",
      [
        { type: "header", format: "image", text: null },
        body("Hallo {{1}}, dieses Angebot gilt bis {{2}}."),
        { type: "footer", text: "STOP beendet diese Nachrichten." },
        { type: "buttons", buttons: [{ kind: "URL", text: "Ansehen", url: "https://www.example.com/{{1}}" }] },
      ],
      { header: "image", body: ["1", "2"], buttons: [{ index: 0, kind: "URL", text: "Ansehen", required: true }] },
    ),
    one(4, "feedback", "en_US", "MARKETING", "PENDING", [body("How did we do?")], {}, { quality: "UNKNOWN" }),
  ];
}
