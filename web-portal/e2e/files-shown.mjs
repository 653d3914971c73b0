// Files in the thread: previews, gallery, archive, what is not there; the customer's side, notifications, setting up.
import { readFile } from "node:fs/promises";
import { card, picture } from "../mock/files.mjs";
import { attach, DESKTOP, ready, small } from "./files-lib.mjs";
import { axe, equal, open, violations } from "./lib.mjs";

export async function showing(scene) {
  const { mock, context, browser, tests, page, box, show, shot } = scene;
  const { fotos, clara } = mock.data;
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
}
