// The mock's sources of contacts: one of each kind, a test with steps, a reading that takes a moment.
export function makeSources(data, Refused, emit) {
  const sources = [
    {
      id: 1,
      name: "Mitarbeiter (AD)",
      kind: "ldap",
      enabled: true,
      settings: {
        kind: "ldap",
        host: "ad.example.com",
        port: null,
        security: "ldaps",
        user: "cn=depesche,dc=example,dc=com",
        base: "ou=people,dc=example,dc=com",
        filter: "(objectClass=person)",
        scope: "sub",
        key: "",
        attributes: { remark: ["description"] },
      },
      has_password: true,
      every_s: 3600,
      next_at: Date.now() + 1_800_000,
      read_at: Date.now() - 1_800_000,
      state: "good",
      contacts: data.extensions.length,
      last: { added: 2, changed: 1, gone: 0, unreadable: 1 },
      problem: null,
      phonebook: 3,
      version: 1,
    },
    {
      id: 2,
      name: "Nextcloud Vertrieb",
      kind: "carddav",
      enabled: true,
      settings: { kind: "carddav", url: "https://cloud.example.com/remote.php/dav", user: "vertrieb" },
      has_password: true,
      every_s: 86_400,
      next_at: Date.now() + 3_600_000,
      read_at: Date.now() - 86_400_000,
      state: "problem",
      contacts: 40,
      last: null,
      problem: {
        en: "Of 40 contacts 38 are gone there.",
        de: "Von 40 Kontakten sind dort 38 nicht mehr da.",
        todo_en: "Nothing was changed. Agree if that is right.",
        todo_de: "Es wurde nichts geändert. Stimmen Sie zu, wenn das richtig ist.",
        asks_to_shrink: true,
      },
      phonebook: null,
      version: 1,
    },
  ];
  const one = (id) => {
    const s = sources.find((x) => x.id === Number(id));
    if (!s) throw new Refused(404, "not_found", "No such source.");
    return s;
  };
  const told = (s) => {
    emit("source", [s.id]);
    return s;
  };
  const step = (name, de, en) => ({ name, verdict: "good", de, en, took_ms: 21 });
  const blank = { next_at: null, read_at: null, state: "new", contacts: 0, last: null, problem: null, phonebook: null };
  const kept = (body) => {
    const { password, ...rest } = body;
    return { ...rest, kind: body.settings.kind, ...(password ? { has_password: true } : {}) };
  };
  return {
    routes: [
      ["GET", /^\/contact-sources$/, () => ({ items: sources })],
      [
        "POST",
        /^\/contact-sources$/,
        (_, { body }) => {
          const s = { id: data.nextId(), has_password: false, ...blank, ...kept(body), version: 1 };
          sources.push(s);
          return told(s);
        },
      ],
      [
        "PUT",
        /^\/contact-sources\/(\d+)$/,
        ([id], { body }) => {
          const s = one(id);
          if (body.version !== s.version)
            throw new Refused(412, "stale", "Somebody else changed this in the meantime.");
          return told(Object.assign(s, kept(body), { version: s.version + 1 }));
        },
      ],
      ["DELETE", /^\/contact-sources\/(\d+)$/, ([id]) => void sources.splice(sources.indexOf(one(id)), 1)],
      [
        "POST",
        /^\/contact-sources\/(\d+)\/test$/,
        ([id]) => ({
          steps: [
            step("address", `${one(id).name} ist erreichbar.`, `${one(id).name} can be reached.`),
            step("sign_in", "Angemeldet.", "Signed in."),
            step("entries", "217 Einträge gefunden.", "217 entries found."),
          ],
          preview: [
            {
              first_name: "Anna",
              last_name: "Müller",
              company: "",
              email: "anna@example.com",
              numbers: [{ kind: "business", given: "+49 30 5551001" }],
            },
          ],
        }),
      ],
      [
        "POST",
        /^\/contact-sources\/(\d+)\/read$/,
        ([id]) => {
          const s = Object.assign(one(id), { state: "reading", problem: null });
          setTimeout(() => told(Object.assign(s, { state: "good", read_at: Date.now() })), 300).unref();
          return told(s);
        },
      ],
    ],
    sources,
  };
}
