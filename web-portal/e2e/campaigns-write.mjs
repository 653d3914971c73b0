// Writing an SMS campaign from the first step to the last, saved all the while.
import { readFile } from "node:fs/promises";
import { axe, equal } from "./lib.mjs";

const LIST = Buffer.from(
  "Vorname;Mobil;Rabattcode\nAnna;+49 151 50000501;A10\nBert;0151 50000502;B20\nCora;12;C30\nAnna;+4915150000501;A10\n",
);

export async function campaignWriting(scene) {
  const { tests, page, mock, world, go, saved, counted, step, count, named, shot } = scene;

  await tests.check("a new campaign is a draft as soon as something is typed, every step can be reached", async () => {
    await go("");
    await page.getByRole("button", { name: "Neue Kampagne" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Winteraktion");
    await saved();
    await page.waitForURL(/id=\d+/);
    equal(named("Winteraktion").status, "draft", "status");
    for (const name of ["check", "rules", "content", "recipients", "basics"]) {
      await step(name);
      await page.locator(`[data-wizard=${name}]`).waitFor();
    }
    await page.locator("[data-step=recipients][data-state=bad]").waitFor();
    await page.getByText("Wählen Sie einen Kanal.").waitFor();
    equal(await axe(page), [], "axe violations");
  });

  await tests.check("the channel and its number are chosen", async () => {
    await page.getByText("SMS Vertrieb", { exact: true }).click();
    await page.getByLabel("Absender").selectOption({ label: "Vertrieb · +49 155 50000900 (SMS)" });
    await saved();
    equal([named("Winteraktion").plan.channel, named("Winteraktion").plan.sender], [1, { number: 1 }], "plan");
    await page.getByRole("button", { name: "Weiter: Empfänger" }).click();
  });

  await tests.check(
    "typed numbers are counted while they are typed; what cannot be read is named by its line",
    async () => {
      await page
        .getByLabel("Rufnummern", { exact: true })
        .fill("+49 151 50000601\n0171 5550123\nMüller\n0171/5550123\n");
      await page.locator("[data-faults=typed]").getByText("Müller").waitFor();
      await counted();
      equal([await count("recipients"), await count("duplicates"), await count("invalid")], ["2", "1", "1"], "counts");
      await page.getByRole("button", { name: "Zeile 3" }).click();
      const selected = await page.evaluate(() => {
        const box = document.activeElement;
        return box.value.slice(box.selectionStart, box.selectionEnd);
      });
      equal(selected, "Müller", "selected line");
    },
  );

  await tests.check("a table dropped on the page is read, its columns chosen, its faults told", async () => {
    await page.locator("[data-lists]").setInputFiles({ name: "kunden.csv", mimeType: "text/csv", buffer: LIST });
    const card = page.locator("[data-list]");
    await card.getByText("3 von 4 Zeilen gut").waitFor();
    await card.getByText("{{rabattcode}}").waitFor();
    equal(await card.getByLabel("Spalte mit der Rufnummer").inputValue(), "1", "number column");
    await card.getByLabel("Spalte mit der Rufnummer").selectOption("2");
    await card.getByText("0 von 4 Zeilen gut").waitFor();
    await card.getByLabel("Spalte mit der Rufnummer").selectOption("1");
    await card.getByText("3 von 4 Zeilen gut").waitFor();
    await card.locator("[data-faults=list] summary").click();
    await card.getByText("Zeile 4: 12 ist keine Rufnummer").waitFor();
    await counted();
    equal(await count("recipients"), "4", "recipients");
  });

  await tests.check("a file that is no table says so and stays out", async () => {
    const zeros = Buffer.alloc(40);
    await page.locator("[data-lists]").setInputFiles({ name: "bild.csv", mimeType: "text/csv", buffer: zeros });
    await page.getByText("bild.csv:").waitFor();
    equal(await page.locator("[data-list]").count(), 1, "tables");
  });

  await tests.check("a phonebook joins, once per person or with all numbers; exclusions leave", async () => {
    await page.getByLabel("Telefonbuch hinzufügen").selectOption("1");
    await saved();
    await counted();
    await page.locator("[data-count=opted_out]:text-is('1')").first().waitFor();
    const once = Number(await count("recipients"));
    await page.locator("[data-book]").getByText("Alle Nummern", { exact: true }).click();
    await page
      .locator(`[data-count=recipients]:text-is('${once + 1}')`)
      .first()
      .waitFor();
    await page.getByLabel("Nummernart hinzufügen").selectOption({ label: "Geschäftlich" });
    await page
      .locator(`[data-count=recipients]:text-is('${once + 3}')`)
      .first()
      .waitFor();
    await page.getByLabel("Diese Rufnummern").fill("+49 151 50000501");
    await page.locator("[data-count=excluded]:text-is('1')").first().waitFor();
    await page.getByRole("button", { name: "Mobil 2 weglassen" }).click();
    await saved();
    equal(
      named("Winteraktion").plan.audience.books,
      [{ phonebook: 1, kinds: ["mobile", "business"], all_numbers: true }],
      "plan",
    );
    await page.getByRole("button", { name: "Weiter: Inhalt" }).click();
  });

  await tests.check(
    "a variable is put in from the menu with its replacement selected, and the preview follows",
    async () => {
      const box = page.getByLabel("Text", { exact: true });
      await box.fill("Hallo ! 😀");
      await box.evaluate((e) => e.setSelectionRange(6, 6));
      await page.getByRole("button", { name: "Variable einfügen" }).click();
      await page.getByRole("menuitem", { name: /vorname/ }).click();
      await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
      equal(await box.inputValue(), "Hallo {{vorname|…}}! 😀", "text");
      await page.keyboard.type("du");
      equal(await box.inputValue(), "Hallo {{vorname|du}}! 😀", "replacement typed over");
      const said = page.locator("[data-phone] [data-text]");
      await said.getByText("Hallo du! 😀").waitFor();
      await page
        .getByText(/Unicode/)
        .first()
        .waitFor();
      for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "Nächster Empfänger" }).click();
      await said.getByText("Hallo Bert! 😀").waitFor();
      equal((await page.locator("[data-at]").innerText()).startsWith("Empfänger 3 von "), true, "position");
      await page.getByRole("button", { name: "Voriger Empfänger" }).click();
      await said.getByText("Hallo du! 😀").waitFor();
    },
  );

  await tests.check("an unknown variable is told at once, and blocks the start", async () => {
    const box = page.getByLabel("Text", { exact: true });
    await box.fill("Hallo {{vorname|du}}, {{nachnahme}} {{rabattcode|-}} https://www.example.com/winter");
    await page.locator("[data-unknown]").getByText("nachnahme").waitFor();
    equal(await page.locator("[data-marks] mark").count(), 3, "marks");
    await saved();
    await step("check");
    await page.locator("[data-blockers]").getByText("Unbekannte Variable: nachnahme.").waitFor();
    equal(await page.locator("[data-launch]").isDisabled(), true, "launch");
    await page.getByRole("button", { name: "Zu „Inhalt“" }).click();
    await box.fill("Hallo {{vorname|du}}, Ihr Code: {{rabattcode|-}} https://www.example.com/winter");
    await page.getByRole("switch", { name: /Links kürzen/ }).click();
    await page.locator("[data-phone]").getByText("sms.example.com/l/").waitFor();
    await page.locator("[data-sum]").getByText(/€/).first().waitFor();
  });

  await tests.check("a text over 1,600 characters is refused on its field", async () => {
    const box = page.getByLabel("Text", { exact: true });
    const good = await box.inputValue();
    await box.fill("x".repeat(1601));
    await page.getByText("1.601 Zeichen; höchstens 1.600 können gesendet werden.").waitFor();
    await box.fill(good);
    await saved();
  });

  await tests.check("the rules: a time in a zone, repeated, hours, pace, conversations", async () => {
    await step("rules");
    await page.getByText("Zu einem Zeitpunkt", { exact: true }).click();
    await page.getByLabel("Datum und Uhrzeit").fill("2020-01-01T09:00");
    await page.getByText("Dieser Zeitpunkt ist schon vorbei.").waitFor();
    const next = `${new Date().getFullYear() + 1}-03-01`;
    await page.getByLabel("Datum und Uhrzeit").fill(`${next}T09:00`);
    await page.getByLabel("Zeitzone", { exact: true }).selectOption("America/New_York");
    await page.getByText("Bei Ihnen:").getByText("15:00").waitFor();
    await page.getByLabel("Wiederholen").selectOption("month");
    await page.getByLabel("Letzter Tag").fill(`${next.slice(0, 4)}-12-31`);
    await page.getByRole("switch", { name: /Nur zu bestimmten Zeiten/ }).click();
    await page.getByLabel("Freitag").uncheck({ force: true });
    await page.getByText("Auslassen", { exact: true }).click();
    await page.getByLabel("Nachrichten je Sekunde").fill("0,5");
    await page.getByLabel("Stoppen nach Fehlern").fill("3");
    await page.getByText("Für jeden Empfänger", { exact: true }).click();
    await page.getByLabel("Zuständig").selectOption({ label: "Service" });
    await page.getByRole("switch", { name: /Werbung/ }).click();
    await saved();
    const { rules } = named("Winteraktion").plan;
    equal(
      rules,
      {
        start: { local: `${next}T09:00`, zone: "America/New_York" },
        repeat: { every: "month", until: `${next.slice(0, 4)}-12-31`, day: null },
        hours: { from: "09:00", until: "18:00", days: [1, 2, 3, 4], outside: "skip" },
        pace: 0.5,
        session: { open: { queue: 2 } },
        stop_after: 3,
        goes_on_by_itself: false,
        marketing: false,
      },
      "rules",
    );
    equal(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), 0, "the page itself scrolls");
    await shot("flow-wizard-rules");
  });

  await tests.check("a planned campaign is scheduled, taken back to be edited, and started now", async () => {
    await step("check");
    await counted();
    await page.locator("[data-launch]:enabled").getByText("Einplanen").waitFor();
    await page.locator("[data-launch]").click();
    const dialog = page.locator("dialog");
    await dialog.getByText(/Empfänger von \+49 155 50000900, Kosten .*€, am/).waitFor();
    await dialog.getByRole("button", { name: "Einplanen" }).click();
    await page.locator("[data-results=scheduled]").waitFor();
    await page.getByRole("button", { name: "Bearbeiten" }).click();
    await dialog.getByText("wieder zum Entwurf").waitFor();
    await dialog.getByRole("button", { name: "Bearbeiten" }).click();
    await page.locator("[data-wizard=basics]").waitFor();
    equal(named("Winteraktion").status, "draft", "status");
    await step("rules");
    await page.getByText("Sofort", { exact: true }).click();
    await saved();
    await step("check");
  });

  await tests.check("a test message to oneself; nonsense is named on its field", async () => {
    await page.getByLabel("Ihre Rufnummer").fill("ich");
    await page.getByRole("button", { name: "Testnachricht senden" }).click();
    await page.getByText("Das ist keine Rufnummer.", { exact: true }).waitFor();
    await page.getByLabel("Ihre Rufnummer").fill("+49 151 1234567");
    await page.getByRole("button", { name: "Testnachricht senden" }).click();
    await page.getByText("Testnachricht an +49 151 1234567 ist unterwegs.").waitFor();
    equal(world.tests.length, 1, "test messages");
  });

  await tests.check("recipients that changed meanwhile stop the start and show the new number", async () => {
    await page.locator("[data-launch]:enabled").waitFor();
    world.changed = 17;
    await page.locator("[data-launch]").click();
    await page.locator("dialog .btn-primary").click();
    await page.locator("[data-changed]").getByText("inzwischen 17 statt").waitFor();
    equal(named("Winteraktion").status, "draft", "status");
  });

  await tests.check("what somebody else saved is not overwritten in silence", async () => {
    await step("basics");
    await saved();
    const c = named("Winteraktion");
    // Ours first, and theirs before it is saved: a page that has nothing of its own takes theirs at once.
    await page.getByLabel("Name", { exact: true }).fill("Winteraktion Anna");
    c.plan = { ...structuredClone(c.plan), name: "Winteraktion Ben" };
    c.version += 1;
    await page.getByText("Jemand anderes hat diese Kampagne inzwischen geändert.").waitFor();
    await page.getByRole("button", { name: "Deren Stand übernehmen" }).click();
    equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Winteraktion Ben", "theirs");
    await page.getByLabel("Name", { exact: true }).fill("Winteraktion");
    c.version += 1;
    await page.getByRole("button", { name: "Mit meinem überschreiben" }).click();
    await saved();
    equal(c.plan.name, "Winteraktion", "mine");
  });

  await tests.check("the start names number and cost; then the results are live", async () => {
    await step("check");
    await counted();
    await page.locator("[data-launch]:enabled").click();
    await page
      .locator("dialog")
      .getByText(/\d+ Empfänger von \+49 155 50000900, Kosten .*€\./)
      .waitFor();
    await shot("flow-wizard-launch");
    await page.locator("dialog .btn-primary").click();
    await page.locator("[data-results=executing], [data-results=completed]").waitFor();
    await page.locator("[data-results=completed]").waitFor({ timeout: 15_000 });
    await page.locator("[data-counter=delivered]").waitFor();
    equal(mock.streams.size, 1, "live streams");
  });

  await tests.check("results come as CSV that no spreadsheet takes for formulas, and as XLSX", async () => {
    for (const [name, ext] of [
      ["CSV, alle", "csv"],
      ["Excel (XLSX), alle", "xlsx"],
    ]) {
      await page.getByRole("button", { name: "Exportieren" }).click();
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name }).click()]);
      equal(file.suggestedFilename().endsWith(`.${ext}`), true, "name");
      const bytes = await readFile(await file.path());
      if (ext === "csv") equal(bytes.toString().includes(`"'+49151`), true, "inert");
      else equal(bytes.subarray(0, 2).toString(), "PK", "archive");
    }
  });
}
