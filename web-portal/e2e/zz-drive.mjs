import { mkdir } from "node:fs/promises";
import { daemonCampaigns } from "./daemon-campaigns.mjs";
import { launch, open, suite } from "./lib.mjs";
const { DEPESCHE_PORTAL_URL: url, DEPESCHE_ADMIN_PASSWORD: printed, DEPESCHE_SCREENSHOTS: shots } = process.env;
await mkdir(shots, { recursive: true });
const browser = await launch();
const tests = suite("drive");
const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "en-GB" });
context.setDefaultTimeout(8000);
const page = await open(context);
await page.goto(`${url}/login`);
await page.getByLabel("User name").fill("admin");
await page.getByLabel("Password", { exact: true }).fill(printed);
await page.keyboard.press("Enter");
await page.getByLabel("Printed password").fill(printed);
await page.getByLabel("New password", { exact: true }).fill("a password of one's own");
await page.getByLabel("Repeat the new password").fill("a password of one's own");
await page.getByRole("button", { name: "Set password" }).click();
await page.getByRole("heading", { name: "Inbox", exact: true }).waitFor();
let n = 0,
  bad = 0;
page.on("response", async (r) => {
  if (r.status() >= 400)
    console.log(
      "HTTP",
      r.status(),
      r.request().method(),
      r.url().slice(22),
      (await r.text().catch(() => "")).slice(0, 300),
    );
});
const mine = {
  check: (name, run) =>
    tests.check(name, async () => {
      n += 1;
      if (bad >= 3) throw new Error("not run");
      try {
        await run();
      } catch (e) {
        bad += 1;
        await page.screenshot({ path: `${shots}/FAIL-${n}.png` });
        console.log("AT", page.url());
        throw e;
      }
    }),
};
await daemonCampaigns({ tests: mine, context, page, url, shots });
await browser.close();
tests.finish();
