// Screens of phonebooks, imports, refusals, consent, persons and audit: drawn in both languages and themes, and on phones.
const TABLE = "main table, main ul";

export function peopleScreens(mock) {
  const { books, consent, imports, sources } = mock.people;
  const clara = books.contacts[0].id;
  const refused = mock.data.sessions.find((s) => s.peer.address === "+12025550142").id;
  const unknown = mock.data.sessions.find((s) => s.peer.address === "+4915550000375").id;
  const text = [
    "Vorname;Nachname;Firma;Mobil;Kundennummer",
    ...Array.from({ length: 30 }, (_, n) => `Max;Muster ${n};Beispiel;+4915552${String(n).padStart(6, "0")};${n}`),
    "Eva;Ohne;;kein Telefon;7",
    "zu;wenig",
  ].join("\n");
  const waiting = imports.take("kunden-2026.csv", Buffer.from(text)).id;
  const through = imports.take("altbestand.csv", Buffer.from(text)).id;
  return [
    { name: "phonebooks", path: "/phonebooks", ready: "main input[type=checkbox]" },
    {
      name: "phonebooks-chosen",
      path: "/phonebooks?book=2",
      ready: "main li input[type=checkbox]",
      act: async (p) => {
        await p.locator("main li input[type=checkbox]").nth(1).check();
        await p.locator("main li input[type=checkbox]").nth(2).check();
      },
    },
    { name: "phonebook-empty", path: "/phonebooks?q=xyzxyz", ready: "main .card p" },
    { name: "contact", path: `/phonebooks?id=${clara}`, ready: "dialog [data-consent]" },
    { name: "contact-new", path: "/phonebooks?new=1", ready: "dialog form input" },
    { name: "duplicates", path: "/phonebooks?view=duplicates", ready: "[data-group]" },
    {
      name: "merge",
      path: "/phonebooks?view=duplicates",
      ready: "[data-group]",
      act: async (p) => {
        await p.locator("[data-group] .btn").first().click();
        await p.locator("dialog table").waitFor();
      },
    },
    { name: "sources", path: "/phonebooks?view=sources", ready: TABLE },
    {
      name: "source",
      path: "/phonebooks?view=sources",
      ready: "main table button, main ul button",
      act: async (p) => {
        await p.getByText(sources.sources[0].name).first().click();
        await p.locator("dialog form").waitFor();
        await p.getByRole("button", { name: /^Test(en)?$/ }).click();
        await p.locator("dialog ol").waitFor();
        await p.locator("dialog ol").scrollIntoViewIfNeeded();
      },
    },
    { name: "imports", path: "/imports", ready: "main input[type=file]" },
    { name: "import-columns", path: `/imports?id=${waiting}`, ready: "main thead select" },
    {
      name: "import-checked",
      path: `/imports?id=${through}`,
      ready: "main .card h2",
      act: async (p) => {
        const check = p.getByRole("button", { name: /^(Probelauf starten|Start dry run)$/ });
        if (await check.count()) await check.click();
        await p.locator("[data-faults]").waitFor();
        await p.getByRole("button", { name: /^(Jetzt übernehmen|Take over now)$/ }).waitFor();
      },
    },
    { name: "opt-outs", path: "/opt-outs?state=all", ready: TABLE },
    { name: "opt-out", path: `/opt-outs?state=all&id=${consent.optOuts.at(-1).id}`, ready: "dialog [data-proof]" },
    { name: "opt-out-new", path: "/opt-outs?new=1", ready: "dialog form select option" },
    { name: "consent", path: "/consent", ready: "main textarea" },
    { name: "people", path: "/people", ready: "main form" },
    { name: "person", path: "/people?address=%2B4915550000123", ready: "[data-kept]" },
    {
      name: "person-erase",
      path: "/people?address=%2B4915550000123",
      ready: "[data-kept]",
      act: async (p) => {
        await p.getByRole("button", { name: /^(Alles löschen|Erase everything)/ }).click();
        await p.locator("dialog form input").waitFor();
      },
    },
    { name: "audit", path: "/audit", ready: TABLE },
    ...[
      ["panel-known", `/inbox?tab=mine&id=${mock.data.clara}`, "[data-contact-panel] dl"],
      ["panel-unknown", `/inbox?tab=all&id=${unknown}`, "[data-contact-panel] h3"],
      ["panel-opted-out", `/inbox?tab=all&id=${refused}`, "[data-opt-out-state]"],
    ].map(([name, path, wanted]) => ({
      name,
      path,
      ready: "main [role=log]",
      act: async (p) => {
        if (!(await p.locator("aside").count())) await p.keyboard.press("Alt+KeyI");
        await p.locator(wanted).first().waitFor();
      },
    })),
  ];
}
