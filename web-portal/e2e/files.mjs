// Files in the portal, against the mock: attaching in every way and every refusal, drafts, gallery, archive, setting up.
import { readFile } from "node:fs/promises";
import { card, paper, picture, tone } from "../mock/files.mjs";
import { startMock } from "../mock/server.mjs";
import { axe, equal, open, settle, violations } from "./lib.mjs";

const DESKTOP = { width: 1366, height: 768 };
const small = (name, hue = 1) => ({ name, mimeType: "image/png", buffer: picture(120, 90, hue) });
const large = (name) => ({ name, mimeType: "image/png", buffer: picture(1000, 750, 2, 250) });
const pdf = (name, bytes = 20_000) => ({ name, mimeType: "application/pdf", buffer: paper(bytes) });
const input = (page) => page.locator('form input[type="file"]').last();
const clips = /^(Dateien anhängen|Attach files)$/;

/** Screens of their own: drawn, accessible, in both languages and themes, on phones. */
export function fileScreens(mock) {
  const { fotos, clara, hans, numbers } = mock.data;
  const thread = `/inbox?tab=mine&id=${fotos}`;
  const top = (p) => p.locator('main [role="log"]').evaluate((e) => e.scrollTo(0, 0));
  return [
    { name: "files-thread", path: thread, ready: "[data-attachment=loading]", act: top },
    {
      name: "files-middle",
      path: thread,
      ready: "audio",
      act: (p) => p.locator("audio").evaluate((e) => e.scrollIntoView({ block: "end" })),
    },
    { name: "files-states", path: thread, ready: "[data-attachment=expired]" },
    {
      name: "files-composer",
      path: thread,
      ready: "article",
      act: async (p) => {
        await attach(p, [
          large("handyfoto-1.png"),
          small("skizze.png"),
          pdf("angebot.pdf", 200_000),
          pdf("gross.pdf", 900_000),
          exe(),
        ]);
        await p.locator("[data-refused] li").nth(1).waitFor();
        await p.locator("[data-fitted]").waitFor();
      },
    },
    {
      name: "files-links",
      path: `/inbox?tab=mine&id=${hans}`,
      ready: "article",
      act: async (p) => {
        await attach(p, [small("plan.png", 3)]);
        await p.locator("[data-way=links]").waitFor();
      },
    },
    {
      name: "gallery",
      path: thread,
      ready: "[data-files='6'] img",
      act: async (p) => {
        await p.locator("[data-files='6'] button").nth(1).click();
        await p.locator("dialog img").waitFor();
      },
    },
    {
      name: "files-new-message",
      path: "/inbox?tab=all",
      ready: "main li button",
      act: async (p) => {
        await p.keyboard.press("n");
        await p.locator("dialog select option").first().waitFor({ state: "attached" });
        await p.locator("dialog select").selectOption(String(numbers[2].id));
        await p.locator('dialog input[type="tel"]').fill("+12025550155");
        await p.locator("dialog textarea").focus();
        await attach(p, [small("muster.png", 5)]);
        await p.locator("dialog [data-total]").waitFor();
      },
    },
    {
      name: "channel-media",
      path: "/channels?id=1",
      ready: "dialog [inputmode=numeric]",
      act: (p) =>
        p
          .getByText(/^(Dateien|Files)$/)
          .last()
          .evaluate((e) => e.scrollIntoView()),
    },
    { name: "number-mms", path: `/numbers?id=${numbers[2].id}`, ready: "dialog form input" },
    {
      name: "simulator-files",
      path: "/simulator?customer=%2B12025550188",
      ready: "textarea",
      act: async (p) => {
        await p.locator("main select").first().selectOption(numbers[2].address);
        await attach(p, [small("kunde.png", 6)]);
        await p.locator("[data-file=done]").waitFor();
        await p.locator("textarea").fill("Mein Bild");
        await p.keyboard.press("Enter");
        await p.locator("[data-direction=from_customer] img").last().waitFor();
        await attach(p, [small("noch-eins.png", 4)]);
        await p.locator("[data-file=done]").waitFor();
      },
    },
    { name: "whatsapp-files", path: `/inbox?tab=all&id=${clara}`, ready: "article" },
  ];
}
const exe = () => ({ name: "programm.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ90") });
/** Everything attached has been uploaded and fitted. */
const ready = (page) =>
  page.waitForFunction(() => document.querySelector("form button.btn-primary")?.disabled === false);
async function attach(page, files) {
  await input(page).setInputFiles(files);
}

export async function fileFlows({ browser, tests, shots }) {
  const mock = await startMock({ port: 0 });
  const context = await browser.newContext({ viewport: DESKTOP, locale: "de-DE", acceptDownloads: true });
  await context.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
  context.setDefaultTimeout(8000);
  const page = await open(context);
  const { fotos, hans, clara } = mock.data;
  const box = page.getByLabel("Antwort schreiben");
  const send = page.getByRole("button", { name: "Senden", exact: true });
  const cards = page.locator("[data-file]");
  const refusals = page.locator("[data-refused] li");
  const show = async (id) => {
    await page.goto(`${mock.url}/inbox?tab=mine&id=${id}`);
    await box.waitFor();
    await settle(page);
  };
  const empty = async () => {
    while (await cards.count()) await cards.first().getByRole("button").last().click();
  };
  const shot = async (name) => {
    await settle(page);
    await page.screenshot({ path: `${shots}/${name}.png` });
  };

  await tests.check(
    "files are attached by clip, drop and paste, and what fitting did is shown before sending",
    async () => {
      await show(fotos);
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Alt+KeyA")]);
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

  await tests.check("up to four previews and a counter; the gallery obeys keys and gives the focus back", async () => {
    await show(fotos);
    const six = page.locator("[data-files='6']");
    await six.locator("img").first().waitFor();
    equal(await six.locator("img").count(), 4, "previews");
    await six.getByText("+2").waitFor();
    await six.getByRole("button", { name: "schaden-1.png groß zeigen" }).click();
    const counter = page.locator("dialog [aria-live]");
    const says = (text) =>
      page.waitForFunction((t) => document.querySelector("dialog [aria-live]")?.textContent.trim() === t, text);
    await says("1 von 6");
    for (const [key, text] of [
      ["ArrowLeft", "1 von 6"],
      ["ArrowRight", "2 von 6"],
      ["End", "6 von 6"],
      ["ArrowRight", "6 von 6"],
      ["ArrowLeft", "5 von 6"],
      ["Home", "1 von 6"],
    ]) {
      await page.keyboard.press(key);
      await says(text);
    }
    const next = page.getByRole("button", { name: "Nächstes Bild" });
    for (let i = 0; i < 6; i++) await next.click({ force: true });
    equal((await counter.innerText()).trim(), "6 von 6", "at the end");
    await page.keyboard.press("ArrowLeft");
    await says("5 von 6");
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Original herunterladen" }).click(),
    ]);
    equal(saved.suggestedFilename(), "schaden-5.png", "name of the original");
    equal(await axe(page), [], "axe violations");
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    equal(
      await page.evaluate(() => document.activeElement?.getAttribute("aria-label")),
      "schaden-1.png groß zeigen",
      "focus",
    );
  });

  await tests.check("a swipe turns the page of the gallery", async () => {
    const phone = await browser.newContext({
      viewport: { width: 390, height: 844 },
      locale: "de-DE",
      hasTouch: true,
      isMobile: true,
    });
    await phone.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
    const tab = await open(phone);
    await tab.goto(`${mock.url}/inbox?tab=mine&id=${fotos}`);
    await tab.locator("[data-files='6'] button").first().tap();
    await tab.locator("dialog img").waitFor();
    const touch = await phone.newCDPSession(tab);
    const at = (type, x) =>
      touch.send("Input.dispatchTouchEvent", { type, touchPoints: x === null ? [] : [{ x, y: 420 }] });
    await at("touchStart", 320);
    for (const x of [260, 180, 100]) await at("touchMove", x);
    await at("touchEnd", null);
    await tab.waitForFunction(() => document.querySelector("dialog [aria-live]")?.textContent.trim() === "2 von 6");
    await phone.close();
  });

  await tests.check("all files of a message come as one archive, with progress, and can be stopped", async () => {
    await show(fotos);
    mock.slow.pauseMs = 120;
    const six = page.locator("[data-files='6']");
    await six.getByRole("button", { name: /Alle herunterladen/ }).click();
    await six.locator("progress").waitFor();
    await six.getByText(/noch \d+ s/).waitFor();
    await six.evaluate((e) => e.scrollIntoView({ block: "start" }));
    equal(await page.evaluate(() => document.documentElement.scrollTop), 0, "the page itself does not scroll");
    await shot("files-bulk-de-light");
    await six.getByRole("button", { name: "Abbrechen" }).click();
    await six.locator("progress").waitFor({ state: "detached" });
    mock.slow.pauseMs = 5;
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      six.getByRole("button", { name: /Alle herunterladen/ }).click(),
    ]);
    const bytes = await readFile(await saved.path());
    equal(
      [bytes.subarray(0, 4).toString("latin1"), bytes.readUInt16LE(bytes.length - 12)],
      ["PK\u0003\u0004", 6],
      "archive",
    );
    equal(/^depesche-\d+\.zip$/.test(saved.suggestedFilename()), true, "its name");
    await six.getByText("6 Dateien heruntergeladen").waitFor();
    equal(await violations(page), [], "CSP violations");
    await page.route("**/media.zip", (route) => route.abort());
    await six.getByRole("button", { name: /Alle herunterladen/ }).click();
    await six.getByText("Depesche antwortet nicht.").waitFor();
    await page.unroute("**/media.zip");
  });

  await tests.check("what is not there is told honestly; what arrives replaces its placeholder at once", async () => {
    await page
      .getByText("Einige Medien konnten wegen eines nicht unterstützten Formats nicht empfangen werden.")
      .waitFor();
    await page.getByText("Der Anbieter hat die Datei nicht mehr oder gibt sie uns nicht.").waitFor();
    await page.getByText("nicht mehr verfügbar").waitFor();
    equal(await page.locator("[data-attachment=loading]").count(), 2, "placeholders");
    const m = mock.data.threads
      .get(fotos)
      .find((i) => i.type === "message" && i.message.id === mock.data.loading).message;
    m.attachments = m.attachments.map((a, i) => mock.media.attach(i, a.name, picture(300, 200, i)));
    mock.emit("message", [m.id], fotos);
    await page.locator("[data-attachment=loading]").first().waitFor({ state: "detached" });
    await page.locator(`#m${m.id} img`).nth(1).waitFor();
  });

  await tests.check("a picture larger than the window is shown whole", async () => {
    const m = mock.data.threads
      .get(fotos)
      .find((i) => i.type === "message" && i.message.id === mock.data.loading).message;
    m.attachments = [
      mock.media.attach(0, "hoch.png", picture(900, 2600)),
      mock.media.attach(1, "quer.png", picture(2600, 400)),
    ];
    mock.emit("message", [m.id], fotos);
    await page.getByRole("button", { name: "hoch.png groß zeigen" }).click();
    for (const key of ["ArrowLeft", "ArrowRight"]) {
      await page.keyboard.press(key);
      await page.waitForFunction(() => document.querySelector("dialog img")?.naturalWidth > 0);
      const at = await page.locator("dialog img").boundingBox();
      const inside = at.x >= 0 && at.y >= 0 && at.x + at.width <= DESKTOP.width && at.y + at.height <= DESKTOP.height;
      equal(inside, true, `the picture after ${key} is within the window`);
    }
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  });

  await tests.check("sound is played in place, a card and a paper are fetched by their names", async () => {
    const audio = page.locator("audio");
    equal(await audio.evaluate((e) => e.play().then(() => e.duration > 0.5)), true, "sound plays");
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: /werkstatt.vcf.*Herunterladen/ }).click(),
    ]);
    equal(saved.suggestedFilename(), "werkstatt.vcf", "name");
    await page.getByText("Als Link gesendet · 3-mal geöffnet").waitFor();
  });

  await tests.check("an old message keeps its count of files", async () => {
    await page.goto(`${mock.url}/inbox?tab=all&id=${clara}`);
    await page.locator("article", { hasText: "Hier sind sie." }).getByText("2 Anhänge").waitFor();
  });

  await tests.check("a customer's picture is seen, and the answer's picture reaches the customer's phone", async () => {
    const customer = await open(context);
    await customer.goto(`${mock.url}/simulator?customer=%2B12025550199`);
    await customer.getByLabel("Der Kunde schreibt an").selectOption(mock.data.numbers[2].address);
    await attach(customer, [small("vom-kunden.png", 6), { name: "max.vcf", mimeType: "text/vcard", buffer: card() }]);
    await customer.locator("[data-file=done]").nth(1).waitFor();
    await customer.getByRole("button", { name: "Senden" }).click();
    await customer.locator("[data-direction=from_customer] img").waitFor();
    await page.goto(`${mock.url}/inbox?tab=all`);
    await page.getByRole("button", { name: /202 555 0199/ }).click();
    await page
      .getByRole("button", { name: /202 555 0199/ })
      .getByText("2 Anhänge")
      .waitFor();
    await page.locator("article img").waitFor();
    await page.getByRole("link", { name: /max.vcf.*Herunterladen/ }).waitFor();
    await page.getByRole("button", { name: "Übernehmen" }).last().click();
    await attach(page, [small("antwort.png", 3)]);
    await box.fill("Bitte sehr");
    await ready(page);
    await page.keyboard.press("Enter");
    await customer.locator("[data-direction=to_customer] img").waitFor({ timeout: 12_000 });
    equal(await violations(customer), [], "CSP violations");
    await customer.close();
  });

  await tests.check(
    "new messages are told by the browser where somebody asked for it, in the words of the list",
    async () => {
      const other = await browser.newContext({ viewport: DESKTOP, locale: "de-DE" });
      await other.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
      await other.addInitScript(() => {
        window.told = [];
        window.Notification = class {
          static permission = "default";
          static requestPermission() {
            this.permission = "granted";
            return Promise.resolve("granted");
          }
          constructor(title, { body }) {
            window.told.push(`${title}: ${body}`);
          }
        };
      });
      const tab = await open(other);
      await tab.goto(`${mock.url}/profile`);
      await tab.getByRole("switch", { name: "Neue Nachrichten melden" }).click();
      await tab.getByText("Live", { exact: true }).waitFor();
      const upload = await tab.request.post(`${mock.url}/api/v1/uploads?name=a.png`, {
        headers: { "x-depesche": "portal", "content-type": "image/png" },
        data: picture(60, 40),
      });
      const { id } = await upload.json();
      const write = (text, uploads) =>
        tab.request.post(`${mock.url}/api/v1/simulator/write`, {
          headers: { "x-depesche": "portal" },
          data: { customer: "+4915550000888", number: "+4915550000900", text, uploads },
        });
      await write("", [id]);
      await tab.waitForFunction(() => window.told.length === 1);
      await write("Haben Sie es bekommen?", []);
      await tab.waitForFunction(() => window.told.length === 2);
      equal(
        await tab.evaluate(() => window.told),
        ["+49 155 50000888: 1 Anhang", "+49 155 50000888: Haben Sie es bekommen?"],
        "notifications",
      );
      await other.close();
    },
  );

  await tests.check("an admin sets what a channel takes of files; nonsense is named on its field", async () => {
    await page.goto(`${mock.url}/channels?id=2`);
    const dialog = page.locator("dialog");
    await dialog.getByLabel("PDF höchstens (MB)").fill("viel");
    await dialog.getByLabel("Dateien je Nachricht").fill("99");
    await dialog.getByRole("button", { name: "Dateien speichern" }).click();
    equal(await dialog.locator('[aria-invalid="true"]').count(), 2, "fields marked");
    await dialog.getByLabel("PDF höchstens (MB)").fill("0,6");
    await dialog.getByLabel("Dateien je Nachricht").fill("3");
    await dialog.getByLabel("Videos").uncheck();
    await dialog.getByRole("button", { name: "Dateien speichern" }).click();
    await page.getByText("Gespeichert", { exact: true }).waitFor();
    const saved = await (await page.request.get(`${mock.url}/api/v1/channels/2/media`)).json();
    equal(
      [saved.paper_bytes_max, saved.files_max, saved.families, saved.countries],
      [600_000, 3, ["picture", "paper", "audio", "card", "document"], null],
      "what was saved",
    );
  });

  await tests.check("a number's MMS is set by hand", async () => {
    await page.goto(`${mock.url}/numbers?id=${mock.data.numbers[0].id}`);
    await page.getByLabel("MMS", { exact: true }).selectOption({ label: "Ja, sie kann MMS" });
    await page.getByRole("button", { name: "Speichern", exact: true }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
    equal(mock.data.numbers[0].mms, "yes", "setting");
  });

  equalErrors(page);
  await context.close();
  mock.close();
}
const equalErrors = (page) => page.errors.length > 0 && console.error(`errors in the page: ${page.errors.join("; ")}`);

/** Drags or drops a made-up file, as the browser would tell the page. */
async function drag(page, selector, type, name) {
  await page.locator(selector).evaluate(
    (element, [kind, fileName, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], fileName, { type: "image/png" }));
      element.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [type, name, [...picture(40, 30, 1)]],
  );
}
async function paste(page) {
  await page.getByLabel("Antwort schreiben").evaluate(
    (element, bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], "image.png", { type: "image/png" }));
      element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    },
    [...picture(40, 30, 2)],
  );
}
