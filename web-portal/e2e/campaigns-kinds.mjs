// The other two kinds: MMS with files, WhatsApp with a template.
import { equal } from "./lib.mjs";
import { small } from "./files-lib.mjs";

export async function campaignKinds(scene) {
  const { tests, page, go, saved, counted, step, named } = scene;
  const start = async (name, channel, sender) => {
    await go("?new=1&step=basics");
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByText(channel, { exact: true }).click();
    if (sender) await page.getByLabel("Absender").selectOption({ label: sender });
    await step("recipients");
    await page.getByLabel("Rufnummern", { exact: true }).fill("+12025550171\n+12025550172");
    await counted();
    await step("content");
  };
  const launch = async () => {
    await step("check");
    await counted();
    await page.locator("[data-launch]:enabled").click();
    await page.locator("dialog .btn-primary").click();
    await page.locator("[data-results=completed]").waitFor({ timeout: 15_000 });
  };

  await tests.check("an MMS campaign takes files with their own refusals, and needs no text", async () => {
    await start("Fotos", "SMS Vertrieb", "US office · +1 202 555 0100 (SMS MMS)");
    const files = page.locator("[data-files-input]");
    await files.setInputFiles([
      small("eins.png", 2),
      { name: "programm.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ90") },
      small("kaputt.png", 3),
      { name: "leer.png", mimeType: "image/png", buffer: Buffer.alloc(0) },
    ]);
    await page.locator("[data-campaign-files='1']").waitFor();
    await page.locator("[data-refused] li").nth(2).waitFor();
    const refused = await page.locator("[data-refused]").innerText();
    for (const word of ["programm.exe: Dateityp nicht erlaubt.", "kaputt.png: Datei beschädigt.", "leer.png"])
      equal(refused.includes(word), true, word);
    await files.setInputFiles(small("zwei.png", 5));
    await page.locator("[data-campaign-files='2']").waitFor();
    await page.getByRole("button", { name: "eins.png entfernen" }).click();
    await page.locator("[data-campaign-files='1']").waitFor();
    await page.locator("[data-phone]").getByText("zwei.png").waitFor();
    await launch();
    equal(
      named("Fotos").files.map((f) => f.name),
      ["zwei.png"],
      "files",
    );
  });

  await tests.check(
    "a WhatsApp campaign: template, picture in the head, each value fixed or a field, preview",
    async () => {
      await start("Angebot", "WhatsApp Service", null);
      await step("recipients");
      await page.getByLabel("Telefonbuch hinzufügen").selectOption("1");
      await saved();
      await counted();
      await step("content");
      await page.getByLabel("Vorlage", { exact: true }).selectOption({ label: "herbstangebot (de, Werbung)" });
      await saved();
      await step("check");
      await page.locator("[data-blockers]").getByText("Die Vorlage braucht ein Bild im Kopf.").waitFor();
      await step("content");
      await page.locator("[data-files-input]").setInputFiles(small("kopf.png", 4));
      await page.locator("[data-campaign-files='1']").waitFor();
      await page.locator("[data-files-input]").setInputFiles(small("neuer-kopf.png", 6));
      await page.getByText("neuer-kopf.png").first().waitFor();
      await page.getByLabel("Variable 1: woher").selectOption("first_name");
      await page.getByLabel("Wenn leer").fill("Kunde");
      await page.getByLabel("Variable 2", { exact: true }).last().fill("30. November");
      await page.getByLabel("Wert für die Schaltfläche „Ansehen“", { exact: true }).last().fill("herbst");
      await saved();
      await page.locator("[data-phone]").getByText("Hallo Kunde, dieses Angebot gilt bis 30. November.").waitFor();
      for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "Nächster Empfänger" }).click();
      await page.locator("[data-phone]").getByText("Hallo Clara, dieses Angebot gilt bis 30. November.").waitFor();
      equal(
        named("Angebot").plan.content.template,
        {
          name: "herbstangebot",
          language: "de",
          header: null,
          body: ["{{first_name|Kunde}}", "30. November"],
          buttons: [{ index: 0, value: "herbst" }],
        },
        "template",
      );
      equal(
        named("Angebot").files.map((f) => f.name),
        ["neuer-kopf.png"],
        "head",
      );
      await launch();
      await page.locator("[data-no-reports]").waitFor();
    },
  );

  await tests.check("a place in the head is an address of a map or coordinates", async () => {
    await start("Anfahrt", "WhatsApp Service", null);
    await page.getByLabel("Vorlage", { exact: true }).selectOption({ label: "anfahrt (de, Service)" });
    await page.getByLabel("Standort", { exact: true }).last().fill("52.52, 13.405");
    await page.getByLabel("Variable 1", { exact: true }).last().fill("du");
    await saved();
    equal(named("Anfahrt").plan.content.template.header, "52.52, 13.405", "place");
    await step("check");
    await counted();
    await page.locator("[data-launch]:enabled").waitFor();
  });
}
