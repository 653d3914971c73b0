// Phonebooks, imports, refusals, consent and persons in the portal, against the mock.
import { readFileSync } from "node:fs";
import { startMock } from "../mock/server.mjs";
import { DESKTOP } from "./files-lib.mjs";
import { equal, open, settle, violations } from "./lib.mjs";
import { importing } from "./people-import.mjs";
import { refusing } from "./people-refusing.mjs";

export async function peopleFlows({ browser, tests, shots }) {
  const mock = await startMock({ port: 0 });
  const context = await browser.newContext({ viewport: DESKTOP, locale: "de-DE", acceptDownloads: true });
  await context.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
  context.setDefaultTimeout(8000);
  const page = await open(context);
  const shot = async (name) => {
    await settle(page);
    await page.screenshot({ path: `${shots}/${name}.png` });
  };
  const scene = { mock, context, browser, tests, page, shot };
  await contacts(scene);
  await importing(scene);
  await refusing(scene);
  await tests.check("nothing of people went wrong in the page meanwhile", async () => {
    equal(page.errors, [], "errors");
    equal(await violations(page), [], "CSP violations");
  });
  await context.close();
  mock.close();
}

async function contacts({ mock, tests, page, browser, shot }) {
  const dialog = page.locator("dialog");
  const list = page.getByRole("list", { name: "Kontakte" }).getByRole("listitem");
  const all = mock.people.books.contacts;

  await tests.check("a contact is made with what can be read and what cannot, and found while one types", async () => {
    await page.goto(`${mock.url}/phonebooks?book=1`);
    await page.getByRole("button", { name: "Kontakt anlegen" }).click();
    await dialog.getByLabel("Vorname").fill("Zoë");
    await dialog.getByLabel("Nachname").fill("Quandt");
    await dialog.getByLabel("Mobil", { exact: true }).fill("0151 / 234 567 89");
    await dialog.getByRole("button", { name: "Rufnummer hinzufügen" }).click();
    await dialog.getByLabel("Mobil 2", { exact: true }).fill("beim Pförtner fragen");
    await dialog.getByRole("button", { name: "Feld hinzufügen" }).click();
    await dialog.getByLabel("Feldname").fill("Filiale");
    await dialog.getByLabel("Filiale").fill("Nord");
    equal(await dialog.getByLabel("Kunden").isChecked(), true, "the phonebook that is open");
    await dialog.getByRole("button", { name: "Anlegen", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByLabel("Kontakte durchsuchen").fill("zoe qua");
    await page.getByRole("button", { name: /Zoë Quandt/ }).click();
    await dialog.locator("[data-unreadable]").waitFor();
    await dialog.getByText("+49 151 23456789").waitFor();
    const made = all.find((c) => c.last_name === "Quandt");
    equal([made.numbers.length, made.custom.Filiale, made.phonebooks], [2, "Nord", [1]], "what is kept");
  });

  await tests.check("a contact somebody else changed meanwhile is not overwritten", async () => {
    const made = all.find((c) => c.last_name === "Quandt");
    made.version += 1;
    await dialog.getByLabel("Firma").fill("Beispiel AG");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.getByText("inzwischen von jemand anderem geändert").waitFor();
    await dialog.getByRole("button", { name: /Neuen Stand laden/ }).click();
    await dialog.getByRole("button", { name: /Neuen Stand laden/ }).waitFor({ state: "detached" });
    equal(await dialog.getByLabel("Firma").inputValue(), "", "company after loading");
    await dialog.getByLabel("Firma").fill("Beispiel AG");
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.waitFor({ state: "detached" });
    equal(made.company, "Beispiel AG", "company");
  });

  await tests.check("a search that is overtaken is broken off", async () => {
    await page.goto(`${mock.url}/phonebooks`);
    await list.first().waitFor();
    const asked = [];
    page.on("request", (r) => r.url().includes("/contacts?") && asked.push(new URL(r.url()).searchParams.get("q")));
    await page.getByLabel("Kontakte durchsuchen").pressSequentially("hartmann", { delay: 20 });
    await page.waitForFunction(() => new URLSearchParams(location.search).get("q") === "hartmann");
    await settle(page);
    equal(asked, ["hartmann"], "searches asked for");
  });

  await tests.check("many are put into a phonebook, taken out and deleted at once", async () => {
    await page.goto(`${mock.url}/phonebooks?q=elif`);
    await page.getByLabel("Alle angezeigten auswählen").check();
    const n = all.filter((c) => c.first_name === "Elif").length;
    await page.getByText(`${n} Kontakte ausgewählt`).waitFor();
    await page.getByLabel("In Telefonbuch aufnehmen …").selectOption({ label: "Newsletter" });
    await page.getByText(`${n} Kontakte aufgenommen`).waitFor();
    equal(all.filter((c) => c.first_name === "Elif" && c.phonebooks.includes(2)).length, n, "in the phonebook");
    await page.goto(`${mock.url}/phonebooks?book=2&q=elif`);
    await page.getByLabel("Elif Albrecht auswählen").first().check();
    await page.getByRole("button", { name: "Aus diesem Telefonbuch nehmen" }).click();
    await page.getByText("1 Kontakt herausgenommen").waitFor();
    await page.getByLabel("Elif Berger auswählen").first().check();
    await page.getByRole("button", { name: "Löschen", exact: true }).click();
    await dialog.getByRole("button", { name: "Kontakte löschen" }).click();
    await page.getByText("1 Kontakt gelöscht").waitFor();
    equal(all.filter((c) => c.first_name === "Elif").length, n - 1, "left after deleting");
  });

  await tests.check("what comes from a source can be read and not changed", async () => {
    await page.goto(`${mock.url}/phonebooks?book=3`);
    await list.getByRole("button").last().click();
    await dialog.getByText(/wird aus „Mitarbeiter \(AD\)“ gelesen/).waitFor();
    equal(await dialog.getByRole("button", { name: "Speichern" }).count(), 0, "save buttons");
    equal(await dialog.getByLabel("Vorname").isDisabled(), true, "fields");
  });

  await tests.check("a phonebook is exported as a table and as cards of either version", async () => {
    await page.goto(`${mock.url}/phonebooks?book=1`);
    const files = [];
    for (const format of ["CSV", "vCard 3.0", "vCard 4.0"]) {
      await page.getByRole("button", { name: "Weitere Aktionen" }).click();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("menuitem", { name: `Als ${format} exportieren` }).click(),
      ]);
      const text = readFileSync(await download.path(), "utf8");
      files.push([download.suggestedFilename(), /^VERSION:(.*)$/m.exec(text)?.[1].trim() ?? null]);
      await page.keyboard.press("Escape");
    }
    equal(
      files,
      [
        ["contacts.csv", null],
        ["contacts.vcf", "3.0"],
        ["contacts.vcf", "4.0"],
      ],
      "files",
    );
  });

  await tests.check("duplicates become one, and nothing of them is lost", async () => {
    await page.goto(`${mock.url}/phonebooks`);
    await page.getByRole("button", { name: "Weitere Aktionen" }).click();
    await page.getByRole("menuitem", { name: "Doppelte Kontakte" }).click();
    await page
      .locator("[data-group]", { hasText: "Clara Wolf" })
      .getByRole("button", { name: /Zusammenführen/ })
      .click();
    await dialog.getByRole("button", { name: "2 Kontakte zusammenführen" }).click();
    await page.getByText("Clara Wolf zusammengeführt").waitFor();
    await page.getByText("Keine doppelten Kontakte").waitFor();
    const left = all.filter((c) => c.last_name === "Wolf");
    equal([left.length, left[0].remark.includes("c.wolf@example.com")], [1, true], "what is left");
  });

  await tests.check("a phonebook is made, renamed, and goes with its contacts only where that is said", async () => {
    await page.goto(`${mock.url}/phonebooks`);
    await page.getByRole("button", { name: "Weitere Aktionen" }).click();
    await page.getByRole("menuitem", { name: "Telefonbuch anlegen" }).click();
    await dialog.getByLabel("Name").fill("Kunden");
    await dialog.getByRole("button", { name: "Anlegen", exact: true }).click();
    await dialog.getByText("Schon vergeben.").waitFor();
    await dialog.getByLabel("Name").fill("Messe");
    await dialog.getByRole("button", { name: "Anlegen", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Messe bearbeiten" }).click();
    await dialog.getByRole("button", { name: "Löschen" }).click();
    await page.getByText("Die Kontakte bleiben erhalten.").waitFor();
    await page.getByRole("button", { name: "Telefonbuch löschen" }).click();
    await page.getByText("Messe gelöscht").waitFor();
    equal(mock.people.books.books.length, 3, "phonebooks");
  });

  await tests.check("a source is tested with its steps and asks before many contacts go", async () => {
    await page.goto(`${mock.url}/phonebooks?view=sources`);
    await page.getByRole("button", { name: "Nextcloud Vertrieb" }).click();
    await dialog.getByText("sind dort 38 nicht mehr da").waitFor();
    await dialog.getByRole("button", { name: "Testen" }).click();
    await dialog.getByText("217 Einträge gefunden.").waitFor();
    await shot("source-asks-de-light");
    await dialog.getByRole("button", { name: "Einverstanden, jetzt lesen" }).click();
    await dialog.getByText("Zuletzt gelesen").waitFor();
  });

  await tests.check("an agent reads phonebooks and changes nothing", async () => {
    const other = await browser.newContext({ locale: "de-DE", viewport: DESKTOP });
    await other.addCookies([{ name: "depesche_login", value: "carla", url: mock.url }]);
    const agent = await open(other);
    await agent.goto(`${mock.url}/phonebooks`);
    await agent.locator("main li").first().waitFor();
    equal(await agent.getByRole("button", { name: "Kontakt anlegen" }).count(), 0, "create");
    equal(await agent.locator("main li input[type=checkbox]").count(), 0, "checkboxes");
    await other.close();
  });
}
