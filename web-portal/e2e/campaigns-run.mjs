// Campaigns under way: progress seen live, one at a time to a channel, pause, stop, retry, cancel.
import { equal } from "./lib.mjs";

/** A campaign that is ready to start, put straight into the mock. */
async function ready(scene, name, heads, more = {}) {
  const { mock, page } = scene;
  const typed = Array.from(
    { length: heads },
    (_, i) => `+4915170${String(10_000 + i * 100 + (more.ending ?? 0))}`,
  ).join("\n");
  const plan = structuredClone(scene.world.all.find((c) => c.plan.channel === 1).plan);
  Object.assign(plan, { name, channel: 1, sender: { number: 1 } });
  plan.content = { text: "Hallo", template: null, count_links: false };
  plan.audience = { typed, books: [], without_lists: [], exclude: { typed: "", books: [], campaigns: [] } };
  plan.rules = { ...plan.rules, start: null, repeat: null, hours: null };
  const call = async (method, path, data) => {
    const options = { method, headers: { "x-depesche": "portal" }, ...(data ? { data } : {}) };
    return (await page.request.fetch(`${mock.url}/api/v1${path}`, options)).json();
  };
  const made = await call("POST", "/campaigns", { plan });
  const kept = scene.world.all.find((c) => c.id === made.id);
  kept.stops = more.stops ?? false;
  await call("POST", `/campaigns/${made.id}/launch`, { version: made.version, expect: { recipients: heads } });
  return kept;
}

export async function campaignRuns(scene) {
  const { tests, page, world, go } = scene;
  const row = (c) => page.locator(`[data-campaign="${c.id}"]`);
  const choose = async (c, verb) => {
    await row(c)
      .getByRole("button", { name: /^Aktionen zu/ })
      .click();
    await page.getByRole("menuitem", { name: verb, exact: true }).click();
  };
  const done = (c) => row(c).locator("[data-progress]").getAttribute("data-progress");

  await tests.check("progress is live in the list; a second campaign on the channel says its place", async () => {
    world.pace.each = 1;
    await go("");
    await page.getByText("Live", { exact: true }).waitFor();
    const first = await ready(scene, "Erste", 60);
    const second = await ready(scene, "Zweite", 3);
    await row(first).getByText("Läuft").waitFor();
    await row(second).getByText("Ausstehend").waitFor();
    await row(second).getByText("Als nächste an der Reihe").waitFor();
    const before = Number(await done(first));
    await page.waitForFunction(
      ([id, n]) => Number(document.querySelector(`[data-campaign="${id}"] [data-progress]`)?.dataset.progress) > n + 2,
      [first.id, before],
    );
    Object.assign(scene, { first, second });
  });

  await tests.check("a campaign is paused and goes on from the list", async () => {
    const { first, second } = scene;
    await choose(first, "Anhalten");
    await row(first).getByText("Angehalten").waitFor();
    await row(second).getByText("Abgeschlossen").waitFor({ timeout: 12_000 });
    const at = await done(first);
    await page.waitForTimeout(700);
    equal(await done(first), at, "progress while paused");
    await choose(first, "Fortsetzen");
    await row(first).getByText("Läuft").waitFor();
  });

  await tests.check("its own page counts along, and cancelling names who is not written to any more", async () => {
    const { first } = scene;
    await row(first).getByRole("button", { name: "Erste", exact: true }).click();
    await page.locator("[data-results=executing]").waitFor();
    const delivered = page.locator("[data-counter=delivered] span").last();
    const n = Number(await delivered.innerText());
    await page.waitForFunction(
      (before) => Number(document.querySelector("[data-counter=delivered]")?.lastElementChild?.textContent) > before,
      n,
    );
    await page.getByRole("button", { name: /^Aktionen zu/ }).click();
    await page.getByRole("menuitem", { name: "Abbrechen" }).click();
    await page.locator("dialog").getByText("werden nicht mehr angeschrieben").waitFor();
    await page.locator("dialog .btn-danger").click();
    await page.locator("[data-results=cancelled]").waitFor();
    equal(first.status, "cancelled", "status");
    world.pace.each = 4;
  });

  await tests.check("a campaign that stops says why and what to do, and goes on when told", async () => {
    const c = await ready(scene, "Ohne Guthaben", 6, { ending: 2, stops: true });
    await go(`?id=${c.id}`);
    await page.locator("[data-results=stop]").waitFor({ timeout: 12_000 });
    await page.getByRole("alert").getByText("Das Guthaben ist aufgebraucht.").waitFor();
    await page.getByRole("alert").getByText("Laden Sie das Guthaben auf").waitFor();
    await go("?status=stop");
    await row(c).getByText("Das Guthaben ist aufgebraucht.").waitFor();
    await choose(c, "Fortsetzen");
    await go(`?id=${c.id}`);
    await page.locator("[data-results=completed]").waitFor({ timeout: 12_000 });
    Object.assign(scene, { failed: c });
  });

  await tests.check("failed ones are sent again: those selected, then all", async () => {
    const { failed: c } = scene;
    await page.locator("[data-counter=failed]").click();
    await page.waitForURL(/state=failed/);
    await page.locator("[data-recipient=failed] input").nth(1).check();
    await page.getByRole("button", { name: "1 Ausgewählten erneut senden" }).click();
    await page.locator("dialog").getByRole("button", { name: "Fehlgeschlagene erneut senden" }).click();
    await page.waitForFunction(
      () => document.querySelector("[data-counter=failed]")?.lastElementChild?.textContent === "5",
      null,
      { timeout: 12_000 },
    );
    await page.locator("[data-results=completed]").waitFor({ timeout: 12_000 });
    await page.getByRole("button", { name: "Fehlgeschlagene erneut senden" }).click();
    await page.locator("dialog").getByText("5 Nachrichten werden erneut gesendet.").waitFor();
    await page.locator("dialog .btn-primary").click();
    await page.waitForFunction(
      () => document.querySelector("[data-counter=delivered]")?.lastElementChild?.textContent === "6",
      null,
      { timeout: 12_000 },
    );
    equal(
      world.recipients.get(c.id).map((r) => r.tries),
      [2, 2, 2, 2, 2, 2],
      "tries",
    );
  });

  await tests.check("a campaign is deleted by name", async () => {
    const { second } = scene;
    await go("?q=zwei");
    await choose(second, "Löschen");
    await page.locator("dialog").getByText("Kampagne Zweite löschen?").waitFor();
    await page.locator("dialog .btn-danger").click();
    await page.getByText("Keine Kampagne passt dazu").waitFor();
    equal(world.all.includes(second), false, "gone");
  });
}
