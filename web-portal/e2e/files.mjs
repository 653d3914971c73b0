// Files in the portal, against the mock: one scene for attaching and for what is shown.
import { startMock } from "../mock/server.mjs";
import { composing } from "./files-compose.mjs";
import { DESKTOP } from "./files-lib.mjs";
import { showing } from "./files-shown.mjs";
import { equal, open, settle } from "./lib.mjs";

export async function fileFlows({ browser, tests, shots }) {
  const mock = await startMock({ port: 0 });
  const context = await browser.newContext({ viewport: DESKTOP, locale: "de-DE", acceptDownloads: true });
  await context.addCookies([{ name: "depesche_login", value: "admin", url: mock.url }]);
  context.setDefaultTimeout(8000);
  const page = await open(context);
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

  const scene = { mock, context, browser, tests, page, box, send, cards, refusals, show, empty, shot };
  await composing(scene);
  await showing(scene);
  await tests.check("nothing went wrong in the page meanwhile", () => equal(page.errors, [], "errors"));
  await context.close();
  mock.close();
}
