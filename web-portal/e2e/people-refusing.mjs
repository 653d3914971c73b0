// Who wants no more: noted, shown with proof, heeded by the composer, taken back; the words; a person erased; the audit.
import { equal, settle } from "./lib.mjs";

export async function refusing({ mock, tests, page, shot }) {
  const dialog = page.locator("dialog");
  const { optOuts } = mock.people.consent;
  const northwind = mock.data.sessions.find((s) => s.peer.address === "+12025550142").id;
  const { hans } = mock.data;

  await tests.check("an opt-out is noted, found, shown with its proof and taken back with a reason", async () => {
    await page.goto(`${mock.url}/opt-outs`);
    await page.getByRole("button", { name: "Abmeldung notieren" }).click();
    await dialog.getByLabel("Rufnummer").fill("0151 2222");
    await dialog.getByRole("button", { name: "Notieren" }).click();
    await dialog.getByText("Das ist keine Rufnummer.").waitFor();
    await dialog.getByLabel("Rufnummer").fill("0049 151 2222 3333");
    await dialog.getByLabel("Gilt für").selectOption({ label: "Kanal SMS Vertrieb" });
    await dialog.getByLabel("Notiz").fill("Rief an");
    await dialog.getByRole("button", { name: "Notieren" }).click();
    await dialog.waitFor({ state: "detached" });
    equal([optOuts[0].address, optOuts[0].scope], ["+4915122223333", { type: "channel", channel: 1 }], "what is noted");
    await page.getByLabel("Rufnummer, Name oder Wortlaut").fill("15122223333");
    await page.getByRole("button", { name: "+49 151 22223333" }).click();
    await dialog.locator("[data-proof]").getByText("Rief an").waitFor();
    await dialog.getByRole("button", { name: "Abmeldung widerrufen" }).click();
    await page.getByLabel("Begründung").fill("");
    await page.locator("dialog").last().getByRole("button", { name: "Abmeldung widerrufen" }).click();
    await page.getByText("Bitte ausfüllen.").waitFor();
    await page.getByLabel("Begründung").fill("Bat selbst darum");
    await page.locator("dialog").last().getByRole("button", { name: "Abmeldung widerrufen" }).click();
    await page.getByText("Abmeldung widerrufen").last().waitFor();
    equal(optOuts[0].withdrawn_words, "Bat selbst darum", "reason");
    await page.goto(`${mock.url}/opt-outs?state=withdrawn&id=${optOuts[0].id}`);
    await dialog.locator("[data-proof]").getByText("Bat selbst darum").waitFor();
  });

  await tests.check("a list of opt-outs is looked through before it is taken over", async () => {
    await page.goto(`${mock.url}/opt-outs`);
    await page.getByRole("button", { name: "Liste importieren" }).click();
    const before = optOuts.length;
    await dialog.locator("input[type=file]").setInputFiles({
      name: "sperre.csv",
      mimeType: "text/csv",
      buffer: Buffer.from("address\n+4915123000001\n+4915123000002\nniemand\n+4915551000040\n"),
    });
    await dialog.getByText("Zeile 4:").waitFor();
    equal(await dialog.locator("[data-figures] dd").allInnerTexts(), ["4", "2", "1", "1"], "what would come of it");
    equal(optOuts.length, before, "list after looking");
    await shot("opt-out-import-de-light");
    await dialog.getByRole("button", { name: "2 Abmeldungen übernehmen" }).click();
    await page.getByText("2 Abmeldungen übernommen").waitFor();
    equal(optOuts.length, before + 2, "list after taking");
  });

  await tests.check("whoever opted out is not written to: the composer says why, until it is taken back", async () => {
    await page.goto(`${mock.url}/inbox?tab=all&id=${northwind}`);
    await page.getByText(/möchte keine Nachrichten mehr: „STOP“/).waitFor();
    equal(await page.getByLabel("Antwort schreiben").count(), 0, "composers");
    await page.keyboard.press("Alt+KeyI");
    await page.locator("[data-opt-out-state]").getByText("Möchte keine Nachrichten").waitFor();
    await page.locator("[data-opt-out-state]").getByRole("button", { name: "Abmeldung widerrufen" }).click();
    await dialog.getByLabel("Begründung").fill("Irrtum");
    await dialog.getByRole("button", { name: "Abmeldung widerrufen" }).click();
    await page.getByText("Keine Abmeldung bekannt").waitFor();
    await page.getByText(/möchte keine Nachrichten mehr/).waitFor({ state: "detached" });
  });

  await tests.check("an opt-out is noted beside the conversation and locks it at once", async () => {
    await page.goto(`${mock.url}/inbox?tab=mine&id=${hans}`);
    await page.getByLabel("Antwort schreiben").waitFor();
    await page.locator("[data-opt-out-state]").getByRole("button", { name: "Abmeldung notieren" }).click();
    equal(await dialog.getByLabel("Rufnummer").getAttribute("readonly"), "", "the number is given");
    await dialog.getByRole("button", { name: "Notieren" }).click();
    await page.getByText(/Diese Person möchte keine Nachrichten mehr/).waitFor();
    equal(await page.getByLabel("Antwort schreiben").count(), 0, "composers");
  });

  await tests.check("an unknown number becomes a contact beside its conversation", async () => {
    const address = "+4915550000375";
    const unknown = mock.data.sessions.find((s) => s.peer.address === address).id;
    await page.goto(`${mock.url}/inbox?tab=all&id=${unknown}`);
    const panel = page.locator("[data-contact-panel]");
    await panel.getByText("Unbekannte Rufnummer").waitFor();
    await panel.getByRole("button", { name: "Zu Kontakt hinzufügen" }).click();
    await dialog.getByLabel("Kontakte durchsuchen").fill("greta jäger");
    await dialog
      .getByRole("button", { name: /Greta Jäger/ })
      .first()
      .click();
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await panel.getByText("Greta Jäger").waitFor();
    await panel.getByText("+49 155 50000375").waitFor();
  });

  await tests.check("the words that stop are kept by language; what cannot be is told in its language", async () => {
    await page.goto(`${mock.url}/consent`);
    const words = page.getByLabel("Wörter", { exact: true });
    await words.first().fill("schluss damit");
    await words.first().press("Enter");
    await words.first().fill("start");
    await words.first().press("Enter");
    await page.getByRole("tab", { name: "Türkisch" }).click();
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("ein Wort kann nicht ab- und anmelden").waitFor();
    equal(await page.getByRole("tab", { name: /Deutsch/ }).getAttribute("aria-selected"), "true", "language shown");
    await page.getByRole("button", { name: "start entfernen" }).first().click();
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Einwilligung gespeichert").waitFor();
    equal(mock.people.consent.settings.stop.de.includes("schluss damit"), true, "word");
    equal(await page.getByRole("button", { name: "Speichern" }).count(), 0, "save bar after saving");
  });

  await tests.check("it is set for each trunk who confirms", async () => {
    await page.goto(`${mock.url}/trunks?id=1`);
    await dialog.getByLabel("Wer eine Abmeldung bestätigt").selectOption({ label: "Der Anbieter" });
    await dialog.getByRole("button", { name: "Speichern" }).click();
    await dialog.waitFor({ state: "detached" });
    equal(mock.data.trunks[0].confirms, "carrier", "kept");
  });

  await tests.check("a person is looked up, and erased only when the number is typed again", async () => {
    await page.goto(`${mock.url}/people`);
    await page.getByLabel("Rufnummer der Person").fill("+49 155 50000123");
    await page.getByRole("button", { name: "Suchen" }).click();
    await page.locator("[data-kept]").waitFor();
    await page.getByRole("button", { name: /Alles löschen/ }).click();
    const erase = dialog.getByRole("button", { name: "Endgültig löschen" });
    equal(await erase.isDisabled(), true, "before typing");
    await dialog.getByRole("textbox").fill("+49 155 50000124");
    equal(await erase.isDisabled(), true, "another number");
    await dialog.getByRole("textbox").fill("+49 155 50000123");
    await erase.click();
    await page.getByText("Alles zu +49 155 50000123 ist gelöscht.").waitFor();
    await shot("person-erased-de-light");
    equal(
      mock.people.books.contacts.some((c) => c.last_name === "Wolf"),
      false,
      "contact after erasing",
    );
    await page.goto(`${mock.url}/audit?what=person`);
    await page.getByText("Person gelöscht").first().waitFor();
    await settle(page);
    await page.getByLabel("Wer", { exact: true }).fill("ben");
    await page.getByLabel("Wer", { exact: true }).press("Enter");
    await page.getByText("Keine Einträge").waitFor();
  });

  await tests.check("what changes elsewhere appears by itself", async () => {
    await page.goto(`${mock.url}/opt-outs`);
    await page.getByText("Live", { exact: true }).waitFor();
    const o = mock.people.consent.refuse({ address: "+4915129998877", scope: { type: "everything" } });
    mock.emit("opt_outs", [o.id]);
    await page.getByText("+49 151 29998877").waitFor();
  });
}
