// Attaching in every way, every refusal, drafts, sending and what happens when it fails.
import { tone } from "../mock/files.mjs";
import { attach, chosenBy, drag, exe, large, paste, pdf, ready, small } from "./files-lib.mjs";
import { axe, equal } from "./lib.mjs";

const clips = /^(Dateien anhängen|Attach files)$/;

export async function composing(scene) {
  const { mock, tests, page, box, send, cards, refusals, show, empty, shot } = scene;
  const { fotos, hans } = mock.data;
  await tests.check(
    "files are attached by clip, drop and paste, and what fitting did is shown before sending",
    async () => {
      await show(fotos);
      const chooser = await chosenBy(page, "Alt+KeyA");
      await chooser.setFiles([large("strand.png")]);
      await page.getByText(/^2048 × 1536, \d+ KB statt \d,\d MB$/).waitFor();
      await page.getByText("Format umgewandelt").waitFor();
      await drag(page, "main [role=log]", "dragenter", "gezogen.png");
      await page.getByText("Zum Anhängen hier ablegen").waitFor();
      await shot("files-drop-de-light");
      await drag(page, "main [role=log]", "drop", "gezogen.png");
      equal(await page.getByText("Zum Anhängen hier ablegen").count(), 0, "hint after the drop");
      await box.focus();
      await paste(page);
      await page.locator("[data-file=done]").nth(2).waitFor();
      const names = await cards.locator(".font-medium.truncate").allInnerTexts();
      equal(
        [names[0], names[1], /^Bild \d\d:\d\d:\d\d\.png$/.test(names[2])],
        ["strand.png", "gezogen.png", true],
        "names",
      );
      await page.getByText(/3 von 10 Dateien · Gesamtgröße \d+ KB \/ höchstens 5 MB/).waitFor();
      equal(await page.locator("[data-file] img").count(), 3, "thumbnails");
      equal(await axe(page), [], "axe violations");
      await empty();
      equal(mock.media.uploads.size, 0, "uploads after taking them off");
    },
  );

  await tests.check("a picture and a text leave together and the thread shows them", async () => {
    await attach(page, [small("eins.png"), small("zwei.png", 4)]);
    await box.fill("Zwei Bilder für Sie");
    await ready(page);
    equal(await page.locator("form").getByText("MMS", { exact: true }).count(), 1, "what it is, instead of SMS parts");
    await page.keyboard.press("Enter");
    const article = page.locator("article", { hasText: "Zwei Bilder für Sie" });
    await article.locator("img").nth(1).waitFor();
    await article.locator('[data-status="delivered"]').waitFor();
    equal([await box.inputValue(), await cards.count()], ["", 0], "composer after sending");
    await page
      .getByRole("button", { name: /Tessa Brandt/ })
      .getByText("Zwei Bilder für Sie")
      .waitFor();
  });

  await tests.check("files without a text leave too, and the list says how many", async () => {
    await attach(page, [small("nur.png")]);
    await page.locator("[data-file=done]").waitFor();
    await ready(page);
    await send.click();
    await page
      .getByRole("button", { name: /Tessa Brandt/ })
      .getByText("1 Anhang")
      .waitFor();
  });

  for (const [what, files, said] of [
    [
      "too many files",
      Array.from({ length: 12 }, (_, i) => small(`bild-${i}.png`)),
      ["Zu viele Dateien", "Zu viele Dateien"],
    ],
    ["a paper that is too large", [pdf("gross.pdf", 900_000)], ["Diese Datei ist zu groß"]],
    [
      "all together too large",
      Array.from({ length: 9 }, (_, i) => pdf(`akte-${i}.pdf`, 590_000)),
      ["Gesamtgröße überschritten"],
    ],
    ["a program", [exe()], ["Dateityp nicht erlaubt"]],
    [
      "sound where only pictures and papers go",
      [{ name: "ton.wav", mimeType: "audio/wav", buffer: tone() }],
      ["Dateityp nicht erlaubt"],
    ],
    ["a damaged file", [pdf("kaputt.pdf")], ["Datei beschädigt"]],
    ["an empty file", [{ name: "leer.png", mimeType: "image/png", buffer: Buffer.alloc(0) }], ["Datei beschädigt"]],
    ["a paper that acts", [pdf("aktiv.pdf")], ["Datei mit aktiven Inhalten"]],
    ["a locked paper", [pdf("gesperrt.pdf")], ["Datei mit Kennwort"]],
  ]) {
    await tests.check(`refused with its reason, the others stay: ${what}`, async () => {
      await show(fotos);
      await empty();
      const many = files.length > 8;
      await attach(page, many ? files : [small("gut.png"), ...files]);
      await refusals.nth(said.length - 1).waitFor();
      await page.waitForFunction(() => document.querySelectorAll("[data-file=done]").length > 0);
      await page.waitForTimeout(200);
      const heads = await refusals.locator("b").allInnerTexts();
      equal(
        heads,
        said.map((x) => `${x}.`),
        "reasons",
      );
      equal(await cards.count(), many ? files.length - said.length : 1, "files that stay");
      await box.fill("x");
      await ready(page);
      await box.fill("");
      await empty();
      await refusals.first().getByRole("button").click();
      equal(await refusals.count(), said.length - 1, "refusals after closing one");
    });
  }

  await tests.check("a broken upload says so, is tried again from its start, and nothing is sent before", async () => {
    await show(fotos);
    let tries = 0;
    await page.route("**/api/v1/uploads?*", (route) => {
      tries += 1;
      return tries === 1 ? route.abort() : route.continue();
    });
    await attach(page, [small("wackelig.png")]);
    await page.getByText("Hochladen abgebrochen").waitFor();
    await box.fill("Text bleibt");
    equal(await send.isDisabled(), true, "sending with a broken upload");
    await shot("files-broken-de-light");
    await page.getByRole("button", { name: "wackelig.png erneut hochladen" }).click();
    await page.locator("[data-file=done]").waitFor();
    equal(tries, 2, "tries");
    await page.unroute("**/api/v1/uploads?*");
    await empty();
    await box.fill("");
  });

  await tests.check("where there is no room left the daemon's own words stand beside the file", async () => {
    await attach(page, [small("voll.png")]);
    await page.locator("[data-file=broken]").waitFor();
    equal(await page.getByTitle("Für Dateien ist kein Platz mehr.").count(), 1, "reason");
    await empty();
  });

  await tests.check("while a file is on its way its progress is shown and sending waits", async () => {
    let go;
    const held = new Promise((done) => (go = done));
    await page.route("**/api/v1/uploads?*", async (route) => {
      await held;
      await route.continue();
    });
    await attach(page, [small("langsam.png")]);
    await page.locator("[data-file=uploading] progress").waitFor();
    await box.fill("Noch nicht");
    equal(await send.isDisabled(), true, "sending while uploading");
    await page.goto(`${mock.url}/inbox?tab=mine&id=${fotos}#same`);
    await page.getByRole("button", { name: /Hans Weber/ }).click();
    await page.waitForFunction((id) => new URLSearchParams(location.search).get("id") === id, String(hans));
    equal(await cards.count(), 0, "files in the neighbour's composer");
    go();
    await page.getByRole("button", { name: /Tessa Brandt/ }).click();
    await page.locator("[data-file=done]").waitFor();
    equal(await box.inputValue(), "Noch nicht", "text");
    await page.unroute("**/api/v1/uploads?*");
  });

  await tests.check("a draft keeps its files over a reload; those that are gone are told", async () => {
    await attach(page, [small("zweites.png", 5)]);
    await page.locator("[data-file=done]").nth(1).waitFor();
    await box.fill("");
    await page.getByRole("button", { name: /Hans Weber/ }).click();
    await page
      .getByRole("button", { name: /Tessa Brandt/ })
      .getByText("2 Anhänge")
      .waitFor();
    await show(fotos);
    await page.reload();
    await page.locator("[data-file=done]").nth(1).waitFor();
    equal(await cards.locator(".font-medium.truncate").allInnerTexts(), ["langsam.png", "zweites.png"], "files");
    const [gone] = [...mock.media.uploads.values()].filter((u) => u.name === "langsam.png");
    mock.media.uploads.delete(gone.id);
    await page.reload();
    await page.getByText(/1 Datei dieses Entwurfs ist nicht mehr da/).waitFor();
    equal(await cards.count(), 1, "files that are left");
  });

  await tests.check("a failed send keeps text and files, and the next try is the same message", async () => {
    const ids = [];
    await page.route("**/messages", (route) => {
      ids.push(route.request().postDataJSON());
      return ids.length === 1 ? route.abort() : route.continue();
    });
    await box.fill("Kommt bestimmt an");
    await ready(page);
    await page.keyboard.press("Enter");
    await page.getByText("Depesche antwortet nicht.").waitFor();
    equal([await box.inputValue(), await cards.count()], ["Kommt bestimmt an", 1], "what is kept");
    await page.keyboard.press("Enter");
    await page.locator("article", { hasText: "Kommt bestimmt an" }).locator("img").waitFor();
    equal(ids.length === 2 && ids[0].client_id === ids[1].client_id, true, "same client id");
    equal(ids[1].attachments.length, 1, "attachments");
    await page.unroute("**/messages");
  });

  await tests.check("the daemon's refusal of files is told in its own words and keeps everything", async () => {
    await attach(page, [small("gut.png")]);
    await page.locator("[data-file=done]").waitFor();
    await page.route("**/messages", (route) =>
      route.fulfill({
        status: 422,
        contentType: "application/problem+json",
        body: JSON.stringify({
          status: 422,
          code: "files_too_large",
          title: "Too large.",
          title_de: "Zusammen zu groß.",
        }),
      }),
    );
    await box.fill("Versuch");
    await ready(page);
    await page.keyboard.press("Enter");
    await page.getByText("Zusammen zu groß.").waitFor();
    equal([await box.inputValue(), await cards.count()], ["Versuch", 1], "what is kept");
    await page.unroute("**/messages");
    await empty();
    await box.fill("");
  });

  await tests.check("where only a link can go the composer says so; where nothing can, it says why", async () => {
    await show(hans);
    await attach(page, [small("plan.png")]);
    await page.getByText(/Der Kunde bekommt einen Link zu den Dateien/).waitFor();
    await page.waitForFunction(() => document.querySelector("[data-file=done]"));
    await ready(page);
    await send.click();
    await page
      .locator("article")
      .last()
      .getByText(/Als Link gesendet · noch nicht geöffnet/)
      .waitFor();
    await page.request.put(`${mock.url}/api/v1/channels/1/media`, {
      headers: { "x-depesche": "portal" },
      data: { links_instead: false },
    });
    await page.reload();
    await page.getByRole("button", { name: clips }).click();
    await page.getByText(/Links sind auf diesem Kanal ausgeschaltet/).waitFor();
    await drag(page, "main [role=log]", "drop", "trotzdem.png");
    equal(await refusals.locator("b").allInnerTexts(), ["Hier nicht möglich."], "reason for a dropped file");
    await shot("files-none-de-light");
    equal(await axe(page), [], "axe violations");
  });

  await tests.check("a new message takes files along, dropped or chosen", async () => {
    await page.goto(`${mock.url}/inbox?tab=all`);
    await page.getByRole("button", { name: "Neu", exact: true }).click();
    const dialog = page.locator("dialog");
    await dialog.getByLabel("Von").selectOption({ label: "US office · +1 202 555 0100 (SMS MMS)" });
    await attach(page, [small("vorab.png")]);
    await dialog.locator("[data-file=done]").waitFor();
    await dialog.getByLabel("An", { exact: true }).fill("+12025550166");
    await dialog.getByRole("button", { name: "Senden" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.locator("article img").waitFor();
    await page.locator('article [data-status="delivered"]').waitFor();
  });
}
