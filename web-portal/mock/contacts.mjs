// The mock's phonebooks and contacts: kept in memory, found as the daemon finds them, numbers read after a fashion.
const KINDS = ["mobile", "mobile2", "business", "business2", "home", "home2", "business_fax", "home_fax", "other"];
const FIRST = ["Anna", "Bernd", "Carla", "Dieter", "Elif", "Frank", "Greta", "Hasan", "Ida", "Jonas"];
const LAST = ["Albrecht", "Berger", "Çelik", "Dietrich", "Ebert", "Fuchs", "Groß", "Hartmann", "Ivanova", "Jäger"];
const UNREADABLE = {
  en: "this is no telephone number",
  de: "das ist keine Rufnummer",
};

/** Digits after a plus, as in Germany. */
export function readNumber(given) {
  const plain = given.replace(/[\s()/.-]/g, "");
  const full = /^\+/.test(plain) ? plain : /^00/.test(plain) ? `+${plain.slice(2)}` : plain.replace(/^0/, "+49");
  return /^\+[1-9]\d{6,14}$/.test(full) ? full : null;
}
const numberOf = ({ kind, given }) => {
  const address = readNumber(given);
  return { kind, given, address, problem: address ? null : UNREADABLE };
};
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export function makeContacts(data, Refused, emit, refused) {
  const books = [
    { id: 1, name: "Kunden", remark: "Alle mit Vertrag", source: null, version: 1 },
    { id: 2, name: "Newsletter", remark: "", source: null, version: 1 },
    {
      id: 3,
      name: "Mitarbeiter (AD)",
      remark: "",
      source: { id: 1, name: "Mitarbeiter (AD)", kind: "ldap" },
      version: 1,
    },
  ];
  const contacts = [];
  const at = Date.now() - 86_400_000;
  function put(form, more = {}) {
    const blank = { first_name: "", last_name: "", company: "", email: "", remark: "", address: "" };
    const row = {
      ...blank,
      language: null,
      time_zone: null,
      custom: {},
      phonebooks: [],
      source: null,
      id: data.nextId(),
      created_at: at,
      updated_at: Date.now(),
      version: 1,
      ...form,
      ...more,
      numbers: (form.numbers ?? []).map(numberOf),
    };
    contacts.push(row);
    return row;
  }
  put({
    first_name: "Clara",
    last_name: "Wolf",
    company: "Wolf Blumen",
    email: "clara@wolf-blumen.example",
    remark: "Bestellt freitags",
    language: "de",
    phonebooks: [1, 2],
    custom: { Kundennummer: "4711" },
    numbers: [
      { kind: "mobile", given: "0155 50000123" },
      { kind: "business", given: "durchwahl 12" },
    ],
  });
  put({
    first_name: "Clara",
    last_name: "Wolf",
    email: "c.wolf@example.com",
    phonebooks: [2],
    numbers: [{ kind: "business", given: "+49 155 50000123" }],
  });
  for (let i = 0; i < 230; i += 1) {
    put({
      first_name: FIRST[i % 10],
      last_name: LAST[Math.floor(i / 10) % 10],
      company: i % 3 ? "" : `Beispiel ${i} GmbH`,
      email: `kontakt${i}@example.com`,
      phonebooks: i % 4 === 0 ? [1, 2] : [1],
      numbers: [{ kind: "mobile", given: `+4915551${String(i).padStart(6, "0")}` }],
    });
  }
  for (const e of data.extensions)
    put(
      {
        first_name: e.name.split(" ")[0],
        last_name: e.name.split(" ").at(-1),
        phonebooks: [3],
        numbers: [{ kind: "business", given: `+4930555${e.number}` }],
      },
      { source: { id: 1, name: "Mitarbeiter (AD)" } },
    );

  const raise = (error) => {
    throw error;
  };
  const one = (id) =>
    contacts.find((c) => c.id === Number(id)) ?? raise(new Refused(404, "not_found", "No such contact."));
  const row = (c) => ({
    id: c.id,
    first_name: c.first_name,
    last_name: c.last_name,
    company: c.company,
    email: c.email,
    numbers: c.numbers,
    phonebooks: c.phonebooks,
    opted_out: c.numbers.some((n) => n.address && refused(n.address)),
    read_only: c.source !== null,
  });
  const whole = (c) => ({ ...c, ...row(c) });
  const sortKey = (c) => folded(`${c.last_name} ${c.first_name} ${c.company}`.trim());
  const bookOut = (b) => ({ ...b, contacts: contacts.filter((c) => c.phonebooks.includes(b.id)).length });
  function found(q) {
    const words = folded(q ?? "")
      .split(/\s+/)
      .filter(Boolean);
    const digits = (q ?? "").replace(/\D/g, "").replace(/^0+/, "");
    return (c) => {
      const text = folded(`${c.first_name} ${c.last_name} ${c.company} ${c.email}`).split(/\s+/);
      const byText = words.every((w) => text.some((part) => part.startsWith(w)));
      return byText || (digits.length > 3 && c.numbers.some((n) => n.address?.includes(digits)));
    };
  }
  const page = (list, after, limit) => {
    const from = Number(after ?? 0);
    const size = Math.min(Number(limit ?? 50), 200);
    return { items: list.slice(from, from + size), next: from + size < list.length ? String(from + size) : null };
  };
  const fresh = (row, body) => {
    if (body.version !== row.version) throw new Refused(412, "stale", "Somebody else changed this in the meantime.");
  };
  const ours = (c) =>
    c.source
      ? raise(
          new Refused(409, "conflict", "This contact comes from a source.", {
            title_de: "Dieser Kontakt kommt aus einer Quelle.",
          }),
        )
      : c;
  const checked = (body) => {
    if (body.email && !body.email.includes("@"))
      throw new Refused(422, "invalid", "email", {
        fields: { email: "this is no e-mail address" },
        fields_de: { email: "das ist keine E-Mail-Adresse" },
      });
    return body;
  };
  const told = () => emit("contacts", []);

  function same(by) {
    const groups = new Map();
    for (const c of contacts) {
      const keys =
        by === "number"
          ? c.numbers.map((n) => n.address)
          : by === "email"
            ? [c.email]
            : [`${c.last_name}, ${c.first_name}`];
      for (const key of new Set(keys.filter((k) => k && k !== ", "))) groups.set(key, [...(groups.get(key) ?? []), c]);
    }
    return [...groups].filter(([, list]) => list.length > 1).map(([key, list]) => ({ key, contacts: list.map(row) }));
  }
  function merge({ keep, others, version }) {
    const stays = ours(one(keep));
    fresh(stays, { version });
    for (const id of others) {
      const goes = ours(one(id));
      for (const n of goes.numbers) {
        if (stays.numbers.some((x) => x.address === n.address)) continue;
        const kind = KINDS.find((k) => !stays.numbers.some((x) => x.kind === k));
        stays.numbers.push({ ...n, kind });
      }
      if (goes.email && goes.email !== stays.email) stays.remark = `${stays.remark}\nE-Mail: ${goes.email}`.trim();
      stays.phonebooks = [...new Set([...stays.phonebooks, ...goes.phonebooks])];
      contacts.splice(contacts.indexOf(goes), 1);
    }
    stays.version += 1;
    told();
    return whole(stays);
  }
  function bulk({ ids, action, phonebook }) {
    let changed = 0;
    for (const id of ids) {
      const c = ours(one(id));
      if (action === "delete") contacts.splice(contacts.indexOf(c), 1);
      else
        c.phonebooks = [
          ...new Set([...c.phonebooks.filter((b) => b !== phonebook), ...(action === "add" ? [phonebook] : [])]),
        ];
      changed += 1;
    }
    told();
    return { changed };
  }
  const routes = [
    ["GET", /^\/phonebooks$/, () => ({ items: books.map(bookOut) })],
    [
      "POST",
      /^\/phonebooks$/,
      (_, { body }) => {
        const b = { id: data.nextId(), source: null, version: 1, ...body };
        if (books.some((x) => x.name === b.name))
          throw new Refused(422, "invalid", "name", { fields: { name: "taken" } });
        books.push(b);
        told();
        return bookOut(b);
      },
    ],
    [
      "PUT",
      /^\/phonebooks\/(\d+)$/,
      ([id], { body }) => {
        const b = books.find((x) => x.id === Number(id));
        fresh(b, body);
        told();
        return bookOut(Object.assign(b, body, { version: b.version + 1 }));
      },
    ],
    [
      "DELETE",
      /^\/phonebooks\/(\d+)$/,
      ([id], { q }) => {
        const at = books.findIndex((x) => x.id === Number(id));
        for (const c of [...contacts]) {
          const left = c.phonebooks.filter((b) => b !== Number(id));
          if (q.get("with_contacts") === "true" && left.length === 0 && c.phonebooks.length > 0)
            contacts.splice(contacts.indexOf(c), 1);
          c.phonebooks = left;
        }
        books.splice(at, 1);
        told();
      },
    ],
    [
      "GET",
      /^\/contacts$/,
      (_, { q }) => {
        const book = Number(q.get("phonebook"));
        const hits = contacts.filter((c) => (!book || c.phonebooks.includes(book)) && found(q.get("q"))(c));
        hits.sort((a, b) => sortKey(a).localeCompare(sortKey(b)));
        return page(hits.map(row), q.get("after"), q.get("limit"));
      },
    ],
    [
      "GET",
      /^\/contacts\/by-address$/,
      (_, { q }) => ({
        items: contacts.filter((c) => c.numbers.some((n) => n.address === q.get("address"))).map(whole),
      }),
    ],
    ["GET", /^\/contacts\/duplicates$/, (_, { q }) => page(same(q.get("by")), q.get("after"), 50)],
    ["POST", /^\/contacts\/merge$/, (_, { body }) => merge(body)],
    ["POST", /^\/contacts\/bulk$/, (_, { body }) => bulk(body)],
    ["GET", /^\/contacts\/(\d+)$/, ([id]) => whole(one(id))],
    [
      "POST",
      /^\/contacts$/,
      (_, { body }) => {
        const c = put(checked(body));
        told();
        return whole(c);
      },
    ],
    [
      "PUT",
      /^\/contacts\/(\d+)$/,
      ([id], { body }) => {
        const c = ours(one(id));
        fresh(c, body);
        const { version, numbers, ...rest } = checked(body);
        Object.assign(c, rest, { numbers: numbers.map(numberOf), version: version + 1, updated_at: Date.now() });
        told();
        return whole(c);
      },
    ],
    [
      "DELETE",
      /^\/contacts\/(\d+)$/,
      ([id]) => {
        contacts.splice(contacts.indexOf(ours(one(id))), 1);
        told();
      },
    ],
  ];
  const csv = (book) =>
    [
      "first_name;last_name;company;email;number:mobile",
      ...contacts
        .filter((c) => !book || c.phonebooks.includes(book))
        .map((c) => [c.first_name, c.last_name, c.company, c.email, c.numbers[0]?.given].join(";")),
    ].join("\r\n");
  const cards = (book, version) =>
    contacts
      .filter((c) => !book || c.phonebooks.includes(book))
      .flatMap((c) => [
        "BEGIN:VCARD",
        `VERSION:${version}`,
        `N:${c.last_name};${c.first_name};;;`,
        `FN:${c.first_name} ${c.last_name}`,
        "END:VCARD",
        "",
      ])
      .join("\r\n");
  return { routes, contacts, books, put, csv, cards };
}
