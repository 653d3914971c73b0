#!/usr/bin/env node
// The portal in Chromium against the mock: every page in both languages and themes, axe, CSP, phone width, and the
// things people do. Screenshots go to ../target/screenshots. `ONLY=flows,files,campaigns,people` runs some parts (`pages`
// is the fourth), `SCREEN=trunk,log` some screens.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startMock } from "../mock/server.mjs";
import { campaignFlows } from "./campaigns.mjs";
import { campaignScreens } from "./campaigns-screens.mjs";
import { fileFlows } from "./files.mjs";
import { fileScreens } from "./files-screens.mjs";
import { peopleFlows } from "./people.mjs";
import { peopleScreens } from "./people-screens.mjs";
import { axe, equal, launch, open, overflow, settle, suite, violations } from "./lib.mjs";

const SHOTS = process.env.DEPESCHE_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
const DESKTOP = { width: 1366, height: 768 };
const PHONE = { width: 390, height: 844 };
const PASSWORD = "depesche-mock";

await mkdir(SHOTS, { recursive: true });
const browser = await launch();
const tests = suite("portal against the mock");
const parts = process.env.SCREEN
  ? ["pages"]
  : (process.env.ONLY?.split(",") ?? ["pages", "flows", "files", "campaigns", "people"]);
if (parts.includes("pages")) await pages();
if (parts.includes("flows")) await flows();
if (parts.includes("files")) await fileFlows({ browser, tests, shots: SHOTS });
if (parts.includes("campaigns")) await campaignFlows({ browser, tests, shots: SHOTS });
if (parts.includes("people")) await peopleFlows({ browser, tests, shots: SHOTS });
await browser.close();
process.exit(tests.finish() ? 0 : 1);

/** What each page is, and what has to be on it before it counts as drawn. */
function pageList(mock) {
  const { clara, hans, petra, numbers } = mock.data;
  const all = [
    { name: "login", path: "/login", user: null, ready: "form" },
    { name: "first-login", path: "/inbox", user: "first", ready: 'input[autocomplete="new-password"]' },
    { name: "inbox", path: `/inbox?tab=all&id=${clara}`, ready: "article" },
    { name: "inbox-failed", path: `/inbox?tab=mine&id=${hans}`, ready: "article" },
    { name: "whatsapp", path: `/inbox?tab=mine&id=${petra}`, ready: "[data-window=closed]" },
    {
      name: "whatsapp-template",
      path: `/inbox?tab=mine&id=${petra}`,
      ready: "[data-window=closed]",
      act: async (p) => {
        await p.getByRole("button", { name: /^(Vorlage wählen|Choose a template)$/ }).click();
        await p.locator("dialog input").first().fill("Frau Lang");
      },
    },
    { name: "templates", path: "/templates", ready: "main table, main ul" },
    { name: "template", path: "/templates?id=1", ready: "dialog input" },
    { name: "inbox-empty", path: "/inbox?tab=ended&queue=3", ready: "main section" },
    {
      name: "inbox-details",
      path: `/inbox?tab=all&id=${clara}`,
      ready: "article",
      act: (p) => p.keyboard.press("Alt+KeyI"),
    },
    { name: "search", path: "/inbox?q=paket", ready: "mark" },
    { name: "new-message", path: "/inbox?tab=all", ready: "main li button", act: (p) => p.keyboard.press("n") },
    {
      name: "transfer",
      path: `/inbox?tab=mine&id=${clara}`,
      ready: "article",
      act: async (p) => {
        await p.keyboard.press("Alt+KeyT");
        await p.waitForSelector('dialog [role="option"]');
      },
    },
    { name: "shortcuts", path: "/inbox?tab=all", ready: "main li button", act: (p) => p.keyboard.press("?") },
    { name: "message-log", path: `/inbox?tab=mine&id=${hans}`, ready: "article", act: messageLog },
    ...fileScreens(mock),
    ...campaignScreens(mock),
    ...peopleScreens(mock),
    { name: "trunks", path: "/trunks", ready: "main table, main ul" },
    {
      name: "trunk",
      path: "/trunks?id=2",
      ready: "dialog form input",
      act: async (p) => {
        await p.getByRole("button", { name: /^Test(en)?$/ }).click();
        await p.waitForSelector("dialog ol");
        await p.locator("dialog ol").scrollIntoViewIfNeeded();
      },
    },
    {
      name: "trunk-new",
      path: "/trunks?new=1",
      ready: 'dialog [role="option"]',
      act: async (p) => {
        await p.locator('dialog [role="combobox"]').fill("bulk");
        await p.locator('dialog [role="option"]').first().click();
        await p.waitForSelector('dialog [role="note"]');
      },
    },
    { name: "trunk-choose", path: "/trunks?new=1", ready: 'dialog [role="option"]' },
    { name: "trunk-polling", path: "/trunks?id=1", ready: "dialog form input" },
    {
      name: "log",
      path: "/log",
      ready: "[data-log] summary",
      act: async (p) => {
        await p.locator("[data-log] summary").first().click();
        await p.waitForSelector("[data-log] pre");
      },
    },
    { name: "channels", path: "/channels", ready: "main table, main ul" },
    { name: "channel", path: "/channels?id=1", ready: "dialog form input" },
    { name: "numbers", path: "/numbers", ready: "main table, main ul" },
    { name: "number", path: `/numbers?id=${numbers[0].id}`, ready: "dialog form input" },
    { name: "queues", path: "/queues", ready: "main table, main ul" },
    { name: "queue", path: "/queues?id=1", ready: 'dialog input[type="checkbox"]' },
    { name: "extensions", path: "/extensions", ready: "main table, main ul" },
    { name: "extension", path: "/extensions?id=1", ready: "dialog form dl" },
    { name: "extension-new", path: "/extensions?new=1", ready: "dialog form input", act: newExtension },
    { name: "users", path: "/users", ready: "main table, main ul" },
    { name: "user", path: "/users?id=2", ready: "dialog form input" },
    { name: "simulator", path: "/simulator?customer=%2B4915550000100", ready: "[data-direction]" },
    { name: "profile", path: "/profile", ready: "main form" },
    { name: "about", path: "/about", ready: "main dl dd" },
    { name: "not-found", path: "/nowhere", ready: "main h1" },
  ];
  const wanted = process.env.SCREEN?.split(",");
  return all.filter((screen) => !wanted || wanted.includes(screen.name));
}
async function messageLog(p) {
  await p.locator("article").last().hover();
  await p.locator("article").last().getByRole("button").last().click();
  await p.locator('[role="menuitem"]:visible').last().click();
  await p.waitForSelector("dialog details");
  await p.locator("dialog summary").first().click();
}
async function newExtension(p) {
  await p.locator("dialog input").first().fill("1044");
  await p.locator("dialog form .btn-primary").click();
  await p.waitForSelector("dialog input[readonly]");
}

async function pages() {
  const mock = await startMock({ port: 0 });
  for (const lang of ["de", "en"]) {
    for (const theme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport: DESKTOP, locale: lang === "de" ? "de-DE" : "en-GB" });
      await context.addInitScript(
        ([l, t]) => {
          localStorage.setItem("depesche.language", l);
          localStorage.setItem("depesche.theme", t);
        },
        [lang, theme],
      );
      const page = await open(context);
      for (const screen of pageList(mock)) {
        const label = `${screen.name} (${lang}, ${theme})`;
        await tests.check(`${label} is drawn, accessible and within the CSP`, async () => {
          await show(mock, page, screen);
          await page.screenshot({ path: `${SHOTS}/${screen.name}-${lang}-${theme}.png` });
          equal(await axe(page), [], "axe violations");
          equal(await violations(page), [], "CSP violations");
          equal(page.errors.splice(0), [], "errors");
          equal(await page.evaluate(() => document.documentElement.lang), lang, "language");
          const keys = await page.evaluate(
            () => document.body.innerText.match(/\b[a-z_]+\.[a-z_]+\.?[a-z_]*\b/g) ?? [],
          );
          equal(
            keys.filter((k) =>
              /^(common|nav|inbox|session|trunk|channel|number|queue|extension|user|problem|files|message|media|gallery|bulk|campaign|wizard|audience|lists|books|content|rules|check|result|uncertain|chart|book|contact|twice|source|import|panel|optout|scope|consent|words|consents|person|kept|audit)\./.test(
                k,
              ),
            ),
            [],
            "untranslated keys",
          );
        });
      }
      await context.close();
    }
    const phone = await browser.newContext({
      viewport: PHONE,
      locale: lang === "de" ? "de-DE" : "en-GB",
      hasTouch: true,
      isMobile: true,
      deviceScaleFactor: 1,
    });
    await phone.addInitScript((l) => localStorage.setItem("depesche.language", l), lang);
    const page = await open(phone);
    for (const screen of pageList(mock)) {
      await tests.check(`${screen.name} (${lang}) fits a phone`, async () => {
        await show(mock, page, screen);
        await page.screenshot({ path: `${SHOTS}/${screen.name}-${lang}-phone.png` });
        equal(await overflow(page), null, "horizontal overflow");
        equal(await axe(page), [], "axe violations");
        page.errors.splice(0);
      });
    }
    await phone.close();
  }
  mock.close();
}

async function show(mock, page, screen) {
  const name = screen.user === undefined ? "admin" : screen.user;
  await page.context().clearCookies();
  if (name)
    await page
      .context()
      .addCookies([{ name: "depesche_login", value: name, url: mock.url, httpOnly: true, sameSite: "Strict" }]);
  await page.goto(mock.url + screen.path);
  await page.evaluate(() => localStorage.removeItem("depesche.details"));
  await page.locator(screen.ready).first().waitFor({ state: "attached", timeout: 8000 });
  await settle(page);
  if (screen.act) {
    await screen.act(page);
    await settle(page);
  }
}

async function flows() {
  const mock = await startMock({ port: 0 });
  const context = await browser.newContext({ viewport: DESKTOP, locale: "de-DE" });
  const page = await open(context);

  await tests.check("without a login every page leads to the login and back", async () => {
    await page.goto(`${mock.url}/trunks?id=1`);
    await page.waitForURL(/\/login\?next=/);
    await page.getByLabel("Benutzername").fill("admin");
    await page.getByLabel("Kennwort", { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${mock.url}/trunks?id=1`);
    await page.waitForSelector("dialog");
  });

  await tests.check("a wrong password is one plain sentence; too many tries count down", async () => {
    const other = await browser.newContext({ locale: "en-GB" });
    const login = await open(other);
    await login.goto(`${mock.url}/login`);
    await login.getByRole("button", { name: "Log in" }).click();
    equal(await login.locator('[aria-invalid="true"]').count(), 2, "empty fields marked");
    for (let i = 0; i < 5; i++) {
      await login.getByLabel("User name").fill("admin");
      await login.getByLabel("Password", { exact: true }).fill("wrong");
      await login.getByRole("button", { name: "Log in" }).click();
      await login.getByText(i < 4 ? "User name or password is wrong." : "You can try again in").waitFor();
      await login.waitForTimeout(60);
    }
    equal(await login.getByRole("button", { name: "Log in" }).isDisabled(), true, "button while locked");
    await other.close();
  });

  await tests.check("the first login asks for a password of one's own and then opens the inbox", async () => {
    const other = await browser.newContext({ locale: "en-GB" });
    const first = await open(other);
    await first.goto(`${mock.url}/login`);
    await first.getByLabel("User name").fill("first");
    await first.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await first.keyboard.press("Enter");
    await first.getByLabel("Printed password").fill(PASSWORD);
    await first.getByLabel("New password", { exact: true }).fill("short");
    await first.getByLabel("Repeat the new password").fill("other");
    await first.getByRole("button", { name: "Set password" }).click();
    equal(await first.locator('[aria-invalid="true"]').count(), 2, "fields marked");
    await first.getByLabel("New password", { exact: true }).fill("a much longer one");
    await first.getByLabel("Repeat the new password").fill("a much longer one");
    await first.getByRole("button", { name: "Set password" }).click();
    await first.getByRole("heading", { name: "Inbox" }).waitFor();
    await other.close();
  });

  await tests.check("a customer's text appears live in a second tab, is answered and reported delivered", async () => {
    const customer = await open(context);
    await page.goto(`${mock.url}/inbox?tab=waiting`);
    await page.getByText("Live", { exact: true }).waitFor();
    await customer.goto(`${mock.url}/simulator?customer=%2B4915550000777`);
    await customer.getByLabel("Als Kunde schreiben …").fill("Haben Sie heute geöffnet?");
    await customer.keyboard.press("Enter");
    await page.getByRole("button", { name: /155 50000777/ }).click();
    await page.locator("article", { hasText: "Haben Sie heute geöffnet?" }).waitFor();
    await page.getByLabel("Antwort schreiben").fill("Ja, bis 18 Uhr. Grüße 😀");
    await page.getByText("1 SMS · Unicode").waitFor();
    await page.keyboard.press("Enter");
    await page.locator('article [data-status="delivered"]').waitFor();
    await customer.locator('[data-direction="to_customer"]', { hasText: "Ja, bis 18 Uhr" }).waitFor();
    equal(await page.getByLabel("Antwort schreiben").inputValue(), "", "composer after sending");
    equal(mock.streams.size, 1, "live streams for two tabs");
    await customer.close();
  });

  await tests.check("a draft stays with its conversation, over a reload too", async () => {
    await page.goto(`${mock.url}/inbox?tab=all&id=${mock.data.clara}`);
    await page.getByLabel("Antwort schreiben").fill("Ersatz ist unterwegs");
    await page.keyboard.press("Alt+KeyJ");
    await page.waitForFunction((id) => new URLSearchParams(location.search).get("id") !== id, String(mock.data.clara));
    await page.waitForTimeout(300);
    const other = page.getByLabel("Antwort schreiben");
    if (await other.count()) equal(await other.inputValue(), "", "the neighbour's composer");
    await page.getByText("Entwurf:").waitFor();
    await page.goto(`${mock.url}/inbox?tab=all&id=${mock.data.clara}`);
    equal(await page.getByLabel("Antwort schreiben").inputValue(), "Ersatz ist unterwegs", "draft after reload");
    await page.getByLabel("Antwort schreiben").fill("");
  });

  await tests.check("a failed send keeps the text and the next try does not send twice", async () => {
    await page.goto(`${mock.url}/inbox?tab=all&id=${mock.data.clara}`);
    let first = true;
    const ids = [];
    await page.route("**/messages", (route) => {
      ids.push(route.request().postDataJSON().client_id);
      if (first) {
        first = false;
        return route.abort();
      }
      return route.continue();
    });
    await page.getByLabel("Antwort schreiben").fill("Kommt morgen an.");
    await page.keyboard.press("Enter");
    await page.getByText("Depesche antwortet nicht.").waitFor();
    equal(await page.getByLabel("Antwort schreiben").inputValue(), "Kommt morgen an.", "text after the error");
    await page.keyboard.press("Enter");
    await page.locator("article", { hasText: "Kommt morgen an." }).waitFor();
    equal(ids.length === 2 && ids[0] === ids[1], true, "same client id for the same text");
    await page.unroute("**/messages");
  });

  await tests.check("pick up, transfer to a colleague and end leave their traces in the thread", async () => {
    await page.goto(`${mock.url}/inbox?tab=waiting`);
    await page.getByRole("button", { name: /Wann haben Sie morgen/ }).click();
    await page.getByRole("button", { name: "Übernehmen" }).click();
    await page.getByText("Anna Müller (1001) hat übernommen").waitFor();
    await page.keyboard.press("Alt+KeyT");
    await page.getByLabel("Übergeben an", { exact: true }).first().fill("ben");
    await page.getByRole("option", { name: /Ben Schäfer/ }).click();
    await page.locator("dialog").getByRole("button", { name: "Übergeben" }).click();
    await page.getByText("hat an Ben Schäfer (1002) übergeben").waitFor();
    await page.getByText("Ben Schäfer (1002) bearbeitet diese Unterhaltung.").waitFor();
    await page.keyboard.press("Alt+KeyE");
    await page.locator("dialog").getByRole("button", { name: "Beenden" }).click();
    await page.getByText("Diese Unterhaltung ist beendet.").waitFor();
  });

  await tests.check("a long conversation loads its older messages without jumping", async () => {
    await page.goto(`${mock.url}/inbox?tab=mine`);
    await page.getByRole("button", { name: /Stammkunde Zeller/ }).click();
    await page.getByText("Danke für alles!").last().waitFor();
    const log = page.locator('main [role="log"]');
    await page.waitForTimeout(300);
    const bottom = await log.evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight);
    equal(bottom < 5, true, "the thread opens at its end");
    const before = await page.locator("article").count();
    await log.evaluate((e) => e.scrollTo(0, 10));
    await page.waitForFunction((n) => document.querySelectorAll("article").length > n, before);
    const top = await log.evaluate((e) => e.scrollTop);
    equal(top > 500, true, "place kept while older messages came in front");
  });

  await tests.check("a search hit opens the conversation at that message, however far back", async () => {
    await page.goto(`${mock.url}/inbox?tab=all`);
    await page.getByLabel("Unterhaltungen und Nachrichten durchsuchen").fill("Nachricht 3:");
    await page.locator("mark").first().click();
    await page.locator("article", { hasText: "Nachricht 3:" }).waitFor();
    await page.waitForFunction(() => {
      const hit = [...document.querySelectorAll("article")].find((a) => a.textContent.includes("Nachricht 3:"));
      const box = hit?.getBoundingClientRect();
      return box && box.top > 0 && box.bottom < innerHeight;
    });
  });

  await tests.check("an uncertain text waits for a person's decision, a failed one can be sent again", async () => {
    await page.goto(`${mock.url}/inbox?tab=mine&id=${mock.data.hans}`);
    await page.getByRole("button", { name: "Als gesendet werten" }).click();
    await page.getByRole("button", { name: "Als gesendet werten" }).waitFor({ state: "detached" });
    await page.getByText("Die Rufnummer ist nicht vergeben.").waitFor();
    await page.getByRole("button", { name: "Erneut senden" }).click();
    await page.locator('article [data-status="delivered"]').waitFor();
  });

  await tests.check(
    "a trunk is created from its carrier's fields, tested, and refuses to go while in use",
    async () => {
      await page.goto(`${mock.url}/trunks`);
      await page.getByRole("button", { name: "Trunk anlegen" }).click();
      await page.getByLabel("Name").fill("Zweiter Zugang");
      await page.getByRole("combobox", { name: "Anbieter" }).fill("twil");
      await page.getByRole("option", { name: /Twilio/ }).click();
      await page.getByLabel("Account SID").fill("AC1");
      await page.getByLabel("Auth-Token").fill("secret");
      await page.getByRole("button", { name: "Anlegen", exact: true }).click();
      await page.getByLabel("Adresse für eingehende Nachrichten", { exact: true }).waitFor();
      equal(await page.getByLabel("Auth-Token").inputValue(), "", "the secret is not shown again");
      await page.getByRole("button", { name: "Testen" }).click();
      await page.getByText("Alles in Ordnung").waitFor();
      await page.goto(`${mock.url}/trunks?id=1`);
      await page.getByRole("button", { name: "Löschen" }).click();
      await page.getByRole("button", { name: "Trunk löschen" }).click();
      await page.getByText("is used by channel").waitFor();
    },
  );

  await tests.check("the daemon's refusal lands on its field; a stale form says so", async () => {
    await page.goto(`${mock.url}/queues?id=1`);
    await page.getByLabel("Name").fill("");
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Bitte ausfüllen.").waitFor();
    await page.getByLabel("Name").fill("Vertrieb Nord");
    mock.data.queues[0].version += 1;
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("inzwischen von jemand anderem geändert").waitFor();
  });

  await tests.check("an agent sees the inbox and nothing to set up", async () => {
    const other = await browser.newContext({ locale: "en-GB", viewport: DESKTOP });
    await other.addCookies([{ name: "depesche_login", value: "carla", url: mock.url }]);
    const agent = await open(other);
    await agent.goto(`${mock.url}/inbox`);
    await agent.getByRole("heading", { name: "Inbox" }).waitFor();
    equal(
      await agent
        .getByRole("navigation", { name: "Main menu" })
        .getByRole("link")
        .evaluateAll((links) => links.map((a) => a.querySelector("span")?.textContent?.trim())),
      ["Inbox", "Phonebooks", "About Depesche"],
      "menu",
    );
    await other.close();
  });

  await tests.check("a lost live stream is announced after five seconds, and heals", async () => {
    const other = await browser.newContext({ locale: "de-DE", viewport: DESKTOP });
    await other.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
    const tab = await open(other);
    await tab.goto(`${mock.url}/inbox?tab=waiting`);
    await tab.getByText("Live", { exact: true }).waitFor();
    mock.refuseLive(true);
    await tab.getByText("Getrennt").waitFor({ timeout: 8000 });
    equal(await tab.getByText("Keine Live-Verbindung").count(), 0, "banner at once");
    await tab.getByText("Keine Live-Verbindung").waitFor({ timeout: 9000 });
    mock.refuseLive(false);
    await tab.getByRole("button", { name: "Jetzt verbinden" }).click();
    await tab.getByText("Live", { exact: true }).waitFor();
    await tab.getByText("Keine Live-Verbindung").waitFor({ state: "detached" });
    await other.close();
  });

  await tests.check("language and theme switch without a reload", async () => {
    await page.goto(`${mock.url}/profile`);
    await page.evaluate(() => (window.same = true));
    await page.locator("main").getByRole("radio", { name: "English" }).click();
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await page.getByRole("radio", { name: "Dark" }).click();
    equal(
      await page.evaluate(() => [document.documentElement.dataset.theme, window.same]),
      ["dark", true],
      "theme, same page",
    );
    await page.locator("main").getByRole("radio", { name: "Deutsch" }).click();
  });

  await tests.check("text from people stays text", async () => {
    const customer = await open(context);
    await customer.goto(`${mock.url}/simulator?customer=%2B4915550000666`);
    await customer
      .getByLabel("Als Kunde schreiben …")
      .fill('<img src=x onerror="window.hacked=1"> https://example.com/x');
    await customer.keyboard.press("Enter");
    await page.goto(`${mock.url}/inbox?tab=waiting`);
    await page.getByRole("button", { name: /155 50000666/ }).click();
    await page.locator("article", { hasText: "<img src=x" }).waitFor();
    equal(await page.evaluate(() => window.hacked ?? null), null, "script from a text");
    equal(await page.locator("article a").getAttribute("rel"), "noopener noreferrer nofollow", "link");
    equal(await violations(page), [], "CSP violations");
    await customer.close();
  });

  await context.close();
  mock.close();
}
