// A list of contacts from the file to its result, left and found again on the way.
import { equal, settle } from "./lib.mjs";

const csv = (name, lines) => ({ name, mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });

export async function importing({ mock, tests, page, shot }) {
  const all = mock.people.books.contacts;

  await tests.check(
    "a list is mapped, looked through with its faults by line, left, found again and taken over",
    async () => {
      await page.goto(`${mock.url}/imports`);
      await page
        .locator("main input[type=file]")
        .setInputFiles(
          csv("messe.csv", [
            "Vorname;Nachname;Telefon;Filiale",
            "Nora;Neumann;030 5554444;Nord",
            "Olaf;Otto;kein Anschluss;Süd",
            "Pia;Peters;+4930555777;Ost;zu viel",
            "Quirin;Quast;+4930555888;West",
          ]),
        );
      const column = (name) => page.getByLabel(`Spalte ${name} ist`);
      await column("Vorname").waitFor();
      equal(await column("Telefon").inputValue(), "number:business", "guessed");
      equal(await column("Filiale").inputValue(), "", "not guessed");
      await column("Filiale").selectOption({ label: "Eigenes Feld „Filiale“" });
      await column("Telefon").selectOption({ label: "Vorname" });
      await page.getByText("Zwei Spalten sind dasselbe.").waitFor();
      equal(
        await page.getByRole("button", { name: "Probelauf starten" }).isDisabled(),
        true,
        "check with two the same",
      );
      await column("Telefon").selectOption({ label: "Geschäftlich" });
      await page.getByLabel("Telefonbuch").selectOption({ label: "Newsletter" });
      await settle(page);
      await page.getByRole("button", { name: "Probelauf starten" }).click();
      await page.getByRole("button", { name: "Jetzt übernehmen" }).waitFor();
      equal(await page.locator("[data-figures] dd").allInnerTexts(), ["3", "0", "0", "1"], "what would come of it");
      equal(await page.locator("[data-faults] tbody td:first-child").allInnerTexts(), ["3", "4"], "lines of faults");
      equal(
        all.some((c) => c.last_name === "Quast"),
        false,
        "taken over by looking",
      );
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Als CSV herunterladen" }).click(),
      ]);
      equal(download.suggestedFilename(), "faults.csv", "file of faults");
      await shot("import-faults-de-light");

      await page.goto(`${mock.url}/inbox`);
      await page.goto(`${mock.url}/imports`);
      await page.getByRole("button", { name: "messe.csv" }).click();
      await page.getByRole("button", { name: "Jetzt übernehmen" }).click();
      await page.getByText("Übernommen in „Newsletter“.").waitFor();
      const quast = all.find((c) => c.last_name === "Quast");
      equal([quast.custom.Filiale, quast.phonebooks], ["West", [2]], "what was taken over");
      await page.getByRole("link", { name: "Zu den Kontakten" }).click();
      await page.getByLabel("Kontakte durchsuchen").fill("otto");
      await page.getByText("Nummer unlesbar").waitFor();
    },
  );

  await tests.check("another separator shows other columns at once", async () => {
    await page.goto(`${mock.url}/imports`);
    await page
      .locator("main input[type=file]")
      .setInputFiles(csv("komma.csv", ["Vorname,Nachname", "A;B,C;D", "E;F,G;H", ";;,;"]));
    await page.getByLabel("Trennzeichen").waitFor();
    await page.getByLabel("Trennzeichen").selectOption({ label: "Komma ( , )" });
    await page.getByLabel("Spalte Nachname ist").waitFor();
    await page.getByLabel("Erste Zeile enthält die Spaltennamen").uncheck();
    await page.getByLabel("Spalte Spalte 2 ist").waitFor();
    await page.getByRole("button", { name: "Import verwerfen" }).click();
    await page.locator("dialog").getByRole("button", { name: "Import verwerfen" }).click();
    await page.locator("main input[type=file]").waitFor({ state: "attached" });
    equal(mock.people.imports.imports.length, 1, "imports that are left");
  });

  await tests.check("cards need no columns", async () => {
    await page.goto(`${mock.url}/imports`);
    await page.locator("main input[type=file]").setInputFiles({
      name: "karten.vcf",
      mimeType: "text/vcard",
      buffer: Buffer.from("BEGIN:VCARD\nVERSION:3.0\nFN:Rita Roth\nEND:VCARD\n"),
    });
    await page.getByText("vCards sagen selbst").waitFor();
    equal(await page.getByRole("button", { name: "Probelauf starten" }).isEnabled(), true, "check");
  });
}
