// What became of a campaign: figures that filter, the chart, the table, uncertain ones, duplicating; keys and phones.
import { axe, equal, open, overflow } from "./lib.mjs";

export async function campaignResults(scene) {
  const { tests, page, world, go, mock, browser } = scene;
  const { done } = world.samples;
  const rows = page.locator("[data-recipient]");

  await tests.check("each figure leads to those behind it; the table is searched and paged", async () => {
    await go(`?id=${done}`);
    await rows.nth(49).waitFor();
    equal(await rows.count(), 50, "first page");
    const over = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    equal(await over(), 0, "the page itself does not scroll");
    await page.getByRole("button", { name: "Weitere laden" }).click();
    await rows.nth(99).waitFor();
    await page.locator("[data-counter=failed]").click();
    await page.locator("[data-recipient=delivered]").first().waitFor({ state: "detached" });
    await rows.nth(8).waitFor();
    equal(await rows.count(), 9, "failed");
    equal(await page.locator("[data-counter=failed]").getAttribute("aria-current"), "true", "marked");
    await page.locator("[data-counter=replied]").click();
    await page.locator("[data-recipient=failed]").first().waitFor({ state: "detached" });
    await rows.getByText("Geantwortet").first().waitFor();
    await page.goBack();
    await page.locator("[data-recipient=failed]").first().waitFor();
    await page.locator("[data-counter=all]").click();
    await page.getByLabel("Name oder Rufnummer").fill("0151 6001001");
    await page.waitForURL(/q=/);
    await page.waitForFunction(() => document.querySelectorAll("[data-recipient]").length < 50);
    await page.getByLabel("Name oder Rufnummer").fill("");
    await page.waitForURL((url) => !url.search.includes("q="));
  });

  await tests.check("the course is a chart, and a table for those who want figures", async () => {
    await page.locator("[data-plot] canvas").waitFor();
    equal(await page.locator("[data-plot]").getAttribute("role"), "img", "role");
    await page.getByRole("button", { name: "Als Tabelle" }).click();
    const last = page.locator("[data-timeline] tbody tr").last();
    equal((await last.locator("td").nth(1).innerText()).trim(), "231", "submitted at the end");
    await page.getByRole("button", { name: "Als Diagramm" }).click();
    await page.locator("[data-links]").getByText("https://www.example.com/herbst").waitFor();
  });

  await tests.check("a recipient's conversation is one press away", async () => {
    const link = page.locator("[data-recipient=delivered]").first().getByRole("link");
    equal((await link.getAttribute("href")).startsWith("/inbox?tab=all&id="), true, "address");
  });

  await tests.check("uncertain ones stand apart, with the choice for some and for all", async () => {
    await page.locator("[data-uncertain]").getByRole("link", { name: "Zeigen" }).click();
    await page.locator("[data-recipient=uncertain]").first().waitFor();
    equal(await rows.count(), 4, "uncertain");
    await page.locator("[data-recipient=uncertain] input").first().check();
    await page.locator("[data-uncertain]").getByText("1 ausgewählt:").waitFor();
    await page.getByRole("button", { name: "Als angekommen werten" }).click();
    await page.locator("dialog").getByText("1 Nachricht als angekommen werten?").waitFor();
    await page.locator("dialog .btn-primary").click();
    await page.locator("[data-uncertain]").getByText("3 Nachrichten sind ungewiss.").waitFor();
    await page.getByRole("button", { name: "Als fehlgeschlagen werten" }).click();
    await page.locator("dialog .btn-primary").click();
    await page.locator("[data-uncertain]").waitFor({ state: "detached" });
    equal(world.recipients.get(done).filter((r) => r.state === "failed").length, 12, "failed");
  });

  await tests.check("duplicating shows what is copied and what is not, and opens the draft", async () => {
    await page.getByRole("button", { name: "Duplizieren" }).click();
    const dialog = page.locator("dialog [data-copied]");
    await dialog.getByText("Senderegeln").waitFor();
    await dialog.getByText("Startzeit und Wiederholung").waitFor();
    await page.getByRole("button", { name: "Entwurf öffnen" }).click();
    await page.locator("[data-wizard=basics]").waitFor();
    equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Preisliste 2027 (2)", "name");
  });

  await tests.check("limits are set by an admin, nonsense is named on its field", async () => {
    await go("");
    await page.getByRole("button", { name: "Grenzen" }).click();
    await page.getByLabel("Empfänger je Kampagne").fill("viele");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Bitte eine ganze Zahl ab 1.").waitFor();
    await page.getByLabel("Empfänger je Kampagne").fill("100000");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
    const settings = await (await page.request.get(`${mock.url}/api/v1/campaigns/settings`)).json();
    equal(settings.recipients_max, 100_000, "setting");
  });

  await tests.check("the keyboard alone reaches the campaigns, a filter and a campaign", async () => {
    await page.goto(`${mock.url}/inbox`);
    await page.getByRole("heading", { name: "Posteingang" }).waitFor({ state: "attached" });
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.locator("[data-campaign]").first().waitFor();
    const chip = page.getByRole("button", { name: "Gestoppt", exact: true });
    await chip.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/status=stop/);
    await page.getByRole("button", { name: "Wartungsfenster", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-results=stop]").waitFor();
  });

  await tests.check("on a phone one step fills the screen and the preview is behind a button", async () => {
    const phone = await browser.newContext({
      viewport: { width: 390, height: 844 },
      locale: "de-DE",
      hasTouch: true,
      isMobile: true,
    });
    await phone.addCookies([{ name: "depesche_login", value: "ben", url: mock.url }]);
    const tab = await open(phone);
    await tab.goto(`${mock.url}/campaigns?id=${world.samples.sms}&step=content`);
    await tab.locator("[data-wizard=content] textarea").waitFor();
    equal(await tab.locator("[data-phone]").isVisible(), false, "preview in the way");
    await tab.getByRole("button", { name: "Vorschau" }).tap();
    await tab.locator("dialog [data-phone]").waitFor();
    equal(await overflow(tab), null, "horizontal overflow");
    equal(await axe(tab), [], "axe violations");
    equal(tab.errors, [], "errors");
    await phone.close();
  });

  await tests.check("who may not write campaigns does not see them in the menu", async () => {
    const other = await browser.newContext({ locale: "de-DE" });
    await other.addCookies([{ name: "depesche_login", value: "carla", url: mock.url }]);
    const tab = await open(other);
    await tab.goto(`${mock.url}/inbox`);
    await tab.getByRole("link", { name: "Posteingang" }).first().waitFor();
    equal(await tab.getByRole("link", { name: "Kampagnen" }).count(), 0, "menu");
    await other.close();
  });
}
