#!/usr/bin/env node
// The portal in Chromium against a running daemon with a simulated carrier: first login, a customer's text that comes in
// live, the answer, its delivery. DEPESCHE_PORTAL_URL, DEPESCHE_ADMIN_USER, DEPESCHE_ADMIN_PASSWORD name the daemon.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { daemonCampaigns } from "./daemon-campaigns.mjs";
import { daemonFiles } from "./daemon-files.mjs";
import { axe, equal, launch, open, settle, suite, violations } from "./lib.mjs";

const { DEPESCHE_PORTAL_URL: url, DEPESCHE_ADMIN_USER: user, DEPESCHE_ADMIN_PASSWORD: printed } = process.env;
if (!url || !user || !printed) {
  console.error("e2e:daemon: set DEPESCHE_PORTAL_URL, DEPESCHE_ADMIN_USER and DEPESCHE_ADMIN_PASSWORD");
  process.exit(2);
}
const SHOTS = process.env.DEPESCHE_SCREENSHOTS ?? fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
const OWN = process.env.DEPESCHE_ADMIN_NEW_PASSWORD ?? "a password of one's own";
const CUSTOMER = `+491555000${String(Date.now()).slice(-3)}77`;

await mkdir(SHOTS, { recursive: true });
const browser = await launch();
const tests = suite("portal against the daemon");
const context = await browser.newContext({
  viewport: { width: 1366, height: 768 },
  locale: "en-GB",
  ignoreHTTPSErrors: true,
});
context.setDefaultTimeout(15_000);
const page = await open(context);

await tests.check("a wrong password is refused in plain words", async () => {
  await logIn(page, "certainly not this one");
  await page.getByText("User name or password is wrong.").waitFor();
});

await tests.check("the printed password opens, is replaced, and leads to the inbox", async () => {
  await logIn(page, printed);
  const first = page.getByLabel("Printed password");
  const inbox = page.getByRole("heading", { name: "Inbox", exact: true });
  await first.or(inbox).first().waitFor();
  if (await first.isVisible()) {
    await first.fill(printed);
    await page.getByLabel("New password", { exact: true }).fill(OWN);
    await page.getByLabel("Repeat the new password").fill(OWN);
    await page.getByRole("button", { name: "Set password" }).click();
  }
  await inbox.waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
});

await tests.check("a customer's text arrives live in the open inbox", async () => {
  await page.goto(`${url}/inbox?tab=all`);
  await page.getByText("Live", { exact: true }).waitFor();
  const customer = await open(context);
  await customer.goto(`${url}/simulator?customer=${encodeURIComponent(CUSTOMER)}`);
  await customer.getByLabel("Write as the customer …").fill("Hello, are you open today?");
  await customer.keyboard.press("Enter");
  await customer.locator('[data-direction="from_customer"]', { hasText: "are you open" }).waitFor();
  await page
    .getByRole("button", { name: /are you open today/ })
    .first()
    .click();
  await page.locator("article", { hasText: "Hello, are you open today?" }).waitFor();
  await customer.close();
});

await tests.check("the answer leaves, reaches the customer's phone and is reported delivered", async () => {
  const box = page.getByLabel("Write a reply");
  await box.fill("Yes, until 6 pm. Regards 😀");
  await box.press("Enter");
  const answer = page.locator("article", { hasText: "Yes, until 6 pm." });
  await answer.waitFor();
  await answer.locator('[data-status="delivered"], [data-status="read"]').waitFor({ timeout: 30_000 });
  await settle(page);
  await page.screenshot({ path: `${SHOTS}/daemon-inbox-en-light.png` });
  const customer = await open(context);
  await customer.goto(`${url}/simulator?customer=${encodeURIComponent(CUSTOMER)}`);
  await customer.locator('[data-direction="to_customer"]', { hasText: "Yes, until 6 pm." }).waitFor();
  await customer.close();
});

await tests.check("the channel log shows what was said to the carrier", async () => {
  const answer = page.locator("article", { hasText: "Yes, until 6 pm." });
  await answer.hover();
  await answer.getByRole("button").last().click();
  await page.getByRole("menuitem", { name: "Channel log" }).click();
  await page.locator("dialog details").first().waitFor();
  await page.keyboard.press("Escape");
});

await tests.check("the message is found again by a word of it", async () => {
  await page.getByLabel("Search conversations and messages").fill("until 6");
  await page.locator("mark").first().waitFor();
  await page.getByRole("button", { name: "Clear search" }).click();
});

await daemonFiles({ tests, context, page, url, shots: SHOTS });
await daemonCampaigns({ tests, context, page, url, shots: SHOTS });

await tests.check("the conversation is transferred to a queue and ended", async () => {
  await page.getByRole("button", { name: "Transfer" }).click();
  await page.getByRole("option").first().click();
  await page.locator("dialog").getByRole("button", { name: "Transfer" }).click();
  await page.locator("dialog").first().waitFor({ state: "detached" });
  await page.keyboard.press("Alt+KeyE");
  await page.locator("dialog").getByRole("button", { name: "End" }).click();
  await page.getByText("This conversation has ended.").waitFor();
});

await tests.check("an extension is created, its password shown once, changed, tried and deleted", async () => {
  const number = `7${String(Date.now()).slice(-4)}`;
  await page.goto(`${url}/extensions?new=1`);
  await page.getByLabel("Extension", { exact: true }).fill(number);
  await page.getByLabel("Name").fill("Test phone");
  await page.getByRole("button", { name: "Create" }).click();
  const password = await page.getByLabel("Password", { exact: true }).inputValue();
  equal(password.length >= 12, true, "length of the generated password");
  await page.getByRole("button", { name: "Noted, close" }).click();
  await page.getByRole("button", { name: number }).click();
  await page.getByRole("button", { name: "Test message to the phone" }).click();
  await page.locator("dialog ol").first().waitFor();
  await page.getByLabel("Name").fill("Renamed phone");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "Renamed phone" }).waitFor();
  await page.getByRole("button", { name: number }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Delete extension" }).click();
  await page.getByRole("cell", { name: "Renamed phone" }).waitFor({ state: "detached" });
});

await tests.check("trunk, channel, number and queue are set up from nothing and taken down again", async () => {
  const mark = String(Date.now()).slice(-6);
  const save = (name) => page.locator("dialog").getByRole("button", { name, exact: true }).click();
  const gone = () => page.locator("dialog").first().waitFor({ state: "detached" });

  await page.goto(`${url}/trunks?new=1`);
  await page.getByLabel("Name").fill(`Trunk ${mark}`);
  await page.getByRole("combobox", { name: "Carrier" }).fill("simul");
  await page.getByRole("option", { name: /Simulator/ }).click();
  await save("Create");
  await page.getByText("Please fill in.").waitFor();
  await page.getByLabel("Secret").fill("sixteen-characters-and-more");
  await save("Create");
  await page.getByText("How texts come in").first().waitFor();
  await page.locator("dialog").getByRole("button", { name: "Test", exact: true }).click();
  await page.locator("dialog ol").waitFor();

  await page.goto(`${url}/queues?new=1`);
  await page.getByLabel("Name").fill(`Queue ${mark}`);
  await page.locator('dialog input[type="checkbox"]').first().check();
  await save("Create");
  await gone();

  await page.goto(`${url}/channels?new=1`);
  await page.getByLabel("Name").fill(`Channel ${mark}`);
  await page.getByLabel("Trunk", { exact: true }).selectOption({ label: `Trunk ${mark}` });
  await save("Create");
  await gone();

  await page.goto(`${url}/numbers?new=1`);
  await page.getByLabel("Number", { exact: true }).fill(`+4915550${mark}`);
  await page.getByLabel("Channel", { exact: true }).selectOption({ label: `Channel ${mark} (SMS)` });
  await page.getByLabel("Destination", { exact: true }).selectOption({ label: `Queue ${mark}` });
  await save("Create");
  await gone();

  for (const [path, row, verb] of [
    ["numbers", new RegExp(mark), "Delete number"],
    ["channels", `Channel ${mark}`, "Delete channel"],
    ["queues", `Queue ${mark}`, "Delete queue"],
    ["trunks", `Trunk ${mark}`, "Delete trunk"],
  ]) {
    await page.goto(`${url}/${path}`);
    await page.locator("table").getByRole("button", { name: row }).click();
    await save("Delete");
    await page.getByRole("button", { name: verb }).click();
    await gone();
  }
});

await tests.check("an agent is created, logs in and sees inbox and phonebooks only", async () => {
  const name = `agent${String(Date.now()).slice(-5)}`;
  await page.goto(`${url}/users?new=1`);
  await page.getByLabel("User name").fill(name);
  await page.locator('dialog input[value="agent"]').check();
  await page.getByLabel(/^Extension/).selectOption({ index: 1 });
  await page.getByRole("button", { name: "Create" }).click();
  const password = await page.getByLabel("Password", { exact: true }).inputValue();
  const other = await browser.newContext({ locale: "en-GB", ignoreHTTPSErrors: true });
  const agent = await open(other);
  await agent.goto(`${url}/login`);
  await agent.getByLabel("User name").fill(name);
  await agent.getByLabel("Password", { exact: true }).fill(password);
  await agent.keyboard.press("Enter");
  await agent.getByLabel("Printed password").fill(password);
  await agent.getByLabel("New password", { exact: true }).fill(OWN);
  await agent.getByLabel("Repeat the new password").fill(OWN);
  await agent.getByRole("button", { name: "Set password" }).click();
  await agent.getByRole("heading", { name: "Inbox", exact: true }).waitFor();
  equal(await agent.getByRole("navigation", { name: "Main menu" }).getByRole("link").count(), 3, "links in the menu");
  await other.close();
});

await tests.check("every page works with real data, within the CSP and without axe violations", async () => {
  page.errors.length = 0;
  for (const path of [
    "/inbox?tab=all",
    "/trunks",
    "/channels",
    "/numbers",
    "/queues",
    "/extensions",
    "/users",
    "/campaigns",
    "/phonebooks",
    "/imports",
    "/opt-outs",
    "/consent",
    "/people",
    "/audit",
    "/simulator",
    "/profile",
    "/about",
  ]) {
    await page.goto(url + path);
    await page.locator("main h1").waitFor({ state: "attached" });
    equal(page.url(), url + path, "the page that is open");
    await settle(page);
    equal(await axe(page), [], `axe violations on ${path}`);
    equal(await violations(page), [], `CSP violations on ${path}`);
    equal(page.errors.splice(0), [], `errors on ${path}`);
    equal(await page.locator('[role="alert"]').allInnerTexts(), [], `alerts on ${path}`);
  }
});

await tests.check("the daemon sends the strict policy and hides its cookie from scripts", async () => {
  const answer = await page.goto(`${url}/inbox`);
  const policy = answer.headers()["content-security-policy"] ?? "";
  equal(/default-src 'none'/.test(policy) && /require-trusted-types-for 'script'/.test(policy), true, "CSP header");
  equal(await page.evaluate(() => document.cookie), "", "cookies a script can see");
});

await tests.check("after logging out nothing is shown any more", async () => {
  await page.getByRole("button", { name: /user menu/ }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.waitForURL(/\/login/);
  await page.goto(`${url}/inbox`);
  await page.waitForURL(/\/login/);
});

await browser.close();
process.exit(tests.finish() ? 0 : 1);

/** Logs in with the printed password, or with our own where an earlier run has set it. */
async function logIn(tab, password) {
  for (const tried of password === printed ? [printed, OWN] : [password]) {
    await tab.goto(`${url}/login`);
    await tab.getByLabel("User name").fill(user);
    await tab.getByLabel("Password", { exact: true }).fill(tried);
    await tab.getByRole("button", { name: "Log in" }).click();
    if (password !== printed) return;
    const refused = tab.getByText("User name or password is wrong.");
    const inside = tab.getByLabel("Printed password").or(tab.getByRole("heading", { name: "Inbox", exact: true }));
    await refused.or(inside.first()).first().waitFor();
    if (!(await refused.isVisible())) return;
  }
}
