// Campaigns in the portal, against the mock: writing them, watching them, what became of them.
import { startMock } from "../mock/server.mjs";
import { campaignResults } from "./campaigns-results.mjs";
import { campaignRuns } from "./campaigns-run.mjs";
import { campaignWriting } from "./campaigns-write.mjs";
import { campaignKinds } from "./campaigns-kinds.mjs";
import { equal, open, settle, violations } from "./lib.mjs";

export async function campaignFlows({ browser, tests, shots }) {
  const mock = await startMock({ port: 0 });
  const context = await browser.newContext({
    viewport: { width: 1366, height: 768 },
    locale: "de-DE",
    timezoneId: "Europe/Berlin",
    acceptDownloads: true,
  });
  await context.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
  context.setDefaultTimeout(8000);
  const page = await open(context);
  const world = mock.campaigns.world;
  const scene = {
    mock,
    world,
    context,
    browser,
    tests,
    page,
    go: (path) => page.goto(`${mock.url}/campaigns${path}`),
    saved: () => page.locator("[data-saved=true]").waitFor(),
    counted: () => page.locator("[data-counts=ready]").first().waitFor(),
    step: (name) => page.locator(`[data-step=${name}]`).click(),
    count: async (name) => (await page.locator(`[data-count=${name}]`).first().innerText()).trim(),
    /** The campaign of that name, as the mock has it. */
    named: (name) => world.all.find((c) => c.plan.name === name),
    shot: async (name) => {
      await settle(page);
      await page.screenshot({ path: `${shots}/${name}.png` });
    },
  };
  await campaignWriting(scene);
  await campaignKinds(scene);
  await campaignRuns(scene);
  await campaignResults(scene);
  await tests.check("campaigns: nothing went wrong in the page meanwhile", async () => {
    equal(await violations(page), [], "CSP violations");
    equal(page.errors, [], "errors");
  });
  await context.close();
  mock.close();
}
