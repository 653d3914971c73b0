// Campaigns and people through a running daemon: a phonebook, an import, a campaign from its first step to its results,
// and a customer's STOP that inbox and campaigns keep to.
import { readFile } from "node:fs/promises";
import { axe, equal, open, settle, violations } from "./lib.mjs";

export async function daemonCampaigns({ tests, context, page, url, shots }) {
  const back = page.url();
  const mark = String(Date.now()).slice(-5);
  // The ending says how the simulated carrier behaves: 77 and 78 are nothing special.
  const number = (n) => `+49155500${n}${mark.slice(-3)}77`;
  const [contact, listed, typed, also] = [1, 2, 3, 4].map(number);
  const book = `Book ${mark}`;
  const name = `Winter ${mark}`;
  const dialog = page.locator("dialog");
  const press = (label, where = page) => where.getByRole("button", { name: label, exact: true }).click();
  const saved = () => page.locator("[data-saved=true]").waitFor();
  const counted = () => page.locator("[data-counts=ready]").first().waitFor();
  const count = async (what) => (await page.locator(`[data-count=${what}]`).first().innerText()).trim();
  const next = (step) => press(`Next: ${step}`);
  /** A picture of the screen, which has to be sound. */
  const shot = async (what) => {
    await settle(page);
    await page.screenshot({ path: `${shots}/daemon-${what}-en-light.png` });
    equal([await axe(page), await violations(page), page.errors.splice(0)], [[], [], []], `faults of ${what}`);
  };
  page.errors.length = 0;

  await tests.check("a phonebook and a contact with a number in local spelling are made", async () => {
    await page.goto(`${url}/phonebooks`);
    await page.locator("main h1").waitFor({ state: "attached" });
    await page
      .getByRole("button", { name: /^(More actions|Create phonebook)$/ })
      .first()
      .click();
    const item = page.getByRole("menuitem", { name: "Create phonebook" });
    await item.or(dialog).first().waitFor();
    if (await item.isVisible()) await item.click();
    await dialog.getByLabel("Name").fill(book);
    await press("Create", dialog);
    await dialog.waitFor({ state: "detached" });
    await page.getByText(book, { exact: true }).first().click();
    await page.getByRole("button", { name: "Create contact" }).first().click();
    await dialog.getByLabel("First name").fill("Ada");
    await dialog.getByLabel("Last name").fill(`Ash${mark}`);
    await dialog.getByLabel("Mobile", { exact: true }).fill(contact);
    await press("Create", dialog);
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: new RegExp(`Ada Ash${mark}`) }).waitFor();
    await shot("phonebook");
    await page.getByRole("button", { name: new RegExp(`Ada Ash${mark}`) }).click();
    await dialog.getByLabel("First name").waitFor();
    await shot("contact");
    await page.keyboard.press("Escape");
  });

  await tests.check("a list is looked through, its bad line told, and taken over", async () => {
    await page.goto(`${url}/imports`);
    await page.locator("main input[type=file]").setInputFiles({
      name: `fair-${mark}.csv`,
      mimeType: "text/csv",
      buffer: Buffer.from(`First name;Last name;Mobile\nBen;Birch${mark};${listed}\nCy;Cole${mark};no line\n`),
    });
    const column = (of) => page.getByLabel(`Column ${of} is`);
    await column("Mobile").waitFor();
    equal(await column("First name").inputValue(), "first_name", "guessed first name");
    await column("Mobile").selectOption("number:mobile");
    await page.getByLabel("Phonebook", { exact: true }).selectOption({ label: book });
    await shot("import-columns");
    await page.getByRole("button", { name: "Start dry run" }).click();
    await page.getByRole("button", { name: "Take over now" }).waitFor();
    equal(await page.locator("[data-faults] tbody td:first-child").allInnerTexts(), ["3"], "lines of faults");
    equal((await page.locator("[data-figures] dd").allInnerTexts())[0], "2", "to be created");
    const [faults] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download as CSV" }).click(),
    ]);
    equal((await readFile(await faults.path())).toString().includes("no line"), true, "the file of faults");
    await shot("import-check");
    await page.getByRole("button", { name: "Take over now" }).click();
    await page.getByText(`Taken over into “${book}”.`).waitFor();
    await shot("import-done");
    await page.getByRole("link", { name: "To the contacts" }).click();
    await page.getByRole("button", { name: new RegExp(`Ben Birch${mark}`) }).waitFor();
  });

  await tests.check("a campaign is written through all five steps, and counted", async () => {
    await page.goto(`${url}/campaigns`);
    await page.getByRole("button", { name: "New campaign" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.locator("[data-wizard=basics] fieldset").getByText(/SMS/).first().click();
    const sender = page.getByLabel("Sender", { exact: true });
    if ((await sender.inputValue()) === "") await sender.selectOption({ index: 1 });
    await saved();
    await shot("campaign-basics");
    await next("Recipients");
    await page.getByLabel("Phone numbers", { exact: true }).fill(`${typed}\n${also}\nnobody\n`);
    await page.locator("[data-faults=typed]").getByText("nobody").waitFor();
    await page.getByLabel("Add a phonebook").selectOption({ label: `${book} (3)` });
    await saved();
    await page.locator("[data-count=recipients]:text-is('4')").first().waitFor();
    await counted();
    await shot("campaign-recipients");
    await next("Content");
    const text = page.getByLabel("Text", { exact: true });
    await text.fill("Hello , we are open.");
    await text.evaluate((e) => e.setSelectionRange(6, 6));
    await page.getByRole("button", { name: "Insert a variable" }).click();
    await page.getByRole("menuitem", { name: /first_name|vorname/i }).click();
    await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
    await page.keyboard.type("you");
    await saved();
    const said = page.locator("[data-phone] [data-text]");
    await said.getByText("Hello you, we are open.").waitFor();
    for (let n = 0; n < 2; n += 1) await page.getByRole("button", { name: "Next recipient" }).click();
    await said.getByText("Hello Ada, we are open.").waitFor();
    await shot("campaign-content");
    await next("Sending rules");
    await shot("campaign-rules");
    await next("Check");
    await counted();
    await page.locator("[data-launch]:enabled").waitFor();
    await shot("campaign-check");
    equal(await count("recipients"), "4", "recipients");
  });

  await tests.check("a test message goes to oneself", async () => {
    await page.getByLabel("Your number").fill(number(9));
    await press("Send a test message");
    await page.getByText(/The test message to .* is on its way\./).waitFor();
  });

  await tests.check("it is started, runs, and is completed with its figures", async () => {
    await page.locator("[data-launch]:enabled").click();
    await shot("campaign-launch");
    await dialog.locator(".btn-primary").click();
    await page.locator("[data-results=completed]").waitFor({ timeout: 60_000 });
    const figure = (of, n) => page.locator(`[data-counter=${of}]`).getByText(String(n), { exact: true });
    // What could not be read is among them, with its reason.
    await figure("all", 6).waitFor();
    await figure("skipped", 2).waitFor();
    await figure("delivered", 4).waitFor({ timeout: 30_000 });
    await page.locator("[data-plot] canvas").waitFor();
    await shot("campaign-results");
    await page.goto(`${url}/campaigns`);
    await page.getByRole("button", { name, exact: true }).waitFor();
    await shot("campaigns");
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator("[data-results=completed]").waitFor();
  });

  await tests.check("the results are filtered, searched and exported", async () => {
    const rows = page.locator("[data-recipient]");
    await rows.nth(3).waitFor();
    await page.getByLabel("Name or number").fill(contact.slice(-9));
    await rows.nth(1).waitFor({ state: "detached" });
    await rows.getByText("Ada").first().waitFor();
    await page.getByLabel("Name or number").fill("");
    await page.waitForURL((at) => !at.search.includes("q="));
    await page.locator("[data-counter=failed]").click();
    await page.getByText("No recipient fits.").waitFor();
    await page.locator("[data-counter=all]").click();
    await rows.nth(3).waitFor();
    for (const [label, ext] of [
      ["CSV, all", "csv"],
      ["Excel (XLSX), all", "xlsx"],
    ]) {
      await press("Export");
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("menuitem", { name: label }).click(),
      ]);
      equal(file.suggestedFilename().endsWith(`.${ext}`), true, `name of the ${ext}`);
      const bytes = await readFile(await file.path());
      if (ext === "csv") equal(bytes.toString().includes(contact.slice(1)), true, "the number in the CSV");
      else equal(bytes.subarray(0, 2).toString(), "PK", "archive");
    }
  });

  await tests.check("a customer's STOP is noted with its words and locks the composer", async () => {
    const customer = await open(context);
    await customer.goto(`${url}/simulator?customer=${encodeURIComponent(typed)}`);
    await customer.locator('[data-direction="to_customer"]', { hasText: "Hello you, we are open." }).waitFor();
    await customer.getByLabel("Write as the customer …").fill("STOP");
    await customer.keyboard.press("Enter");
    await customer.locator('[data-direction="from_customer"]', { hasText: "STOP" }).waitFor();
    await settle(customer);
    await customer.screenshot({ path: `${shots}/daemon-stop-customer-en-light.png` });
    await customer.close();
    await page.goto(`${url}/opt-outs?q=${encodeURIComponent(typed)}`);
    await page.locator("main").getByRole("cell", { name: "Wrote it" }).waitFor();
    await shot("opt-outs");
    const [list] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^CSV/ }).click()]);
    equal((await readFile(await list.path())).toString().includes(typed.slice(1)), true, "the number in the list");
    await page.locator("main tbody, main ul").getByRole("button").first().click();
    await dialog.locator("[data-proof]").getByText("STOP").first().waitFor();
    await shot("opt-out");
    await page.keyboard.press("Escape");
    await page.goto(`${url}/inbox?tab=all`);
    await page
      .getByRole("button", { name: new RegExp(typed.slice(-9)) })
      .first()
      .click();
    await page.getByText(/This person wants no more messages: “STOP”/).waitFor();
    equal(await page.getByLabel("Write a reply").count(), 0, "composers");
    await page.keyboard.press("Alt+KeyI");
    await page.locator("[data-opt-out-state]").getByText("Wants no messages").waitFor();
    await shot("opted-out");
  });

  await tests.check("the campaign's results tell who answered", async () => {
    await page.goto(`${url}/campaigns`);
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator("[data-counter=replied]").getByText("1", { exact: true }).waitFor();
    await page.locator("[data-counter=replied]").click();
    await page.locator("[data-recipient]").nth(1).waitFor({ state: "detached" });
    await page.locator("[data-recipient]").first().waitFor();
    equal(await page.locator("[data-recipient]").count(), 1, "who answered");
  });

  await tests.check("and who opted out", async () => {
    await page.locator("[data-counter=opted_out]").getByText("1", { exact: true }).waitFor();
    await page.locator("[data-counter=all]").click();
    await page.locator("[data-recipient]").nth(3).waitFor();
    await page.locator("[data-counter=opted_out]").click();
    await page.locator("[data-recipient]").nth(1).waitFor({ state: "detached" });
    await page.locator("[data-recipient]").getByText(typed.slice(-3)).first().waitFor();
    equal(await page.locator("[data-recipient]").count(), 1, "who opted out");
    await shot("campaign-opted-out");
  });

  await tests.check("the next campaign, a duplicate, leaves that number out and says why", async () => {
    await press("Duplicate");
    await dialog.locator("[data-copied]").waitFor();
    await shot("campaign-copied");
    await press("Open the draft", dialog);
    await page.locator("[data-wizard=basics]").waitFor();
    await page.locator("[data-step=check]").click();
    await counted();
    equal([await count("recipients"), await count("opted_out")], ["3", "1"], "counted");
    await page.locator("[data-launch]:enabled").click();
    await dialog.locator(".btn-primary").click();
    await page.locator("[data-results=completed]").waitFor({ timeout: 60_000 });
    await page.locator("[data-counter=skipped]").click();
    await page.locator("[data-recipient=skipped]").nth(2).waitFor();
    await page.locator("[data-recipient]").nth(3).waitFor({ state: "detached" });
    equal(await page.locator("[data-recipient]").count(), 3, "skipped");
    await shot("campaign-skipped");
    await page
      .locator("[data-recipient=skipped]")
      .getByText(/opted out|no more messages/i)
      .first()
      .waitFor();
  });

  await tests.check("a campaign is deleted", async () => {
    await page
      .getByRole("button", { name: "Delete", exact: true })
      .or(page.getByRole("button", { name: /^Actions/ }))
      .first()
      .click();
    const item = page.getByRole("menuitem", { name: "Delete" });
    await item.or(dialog).first().waitFor();
    if (await item.isVisible()) await item.click();
    await press("Delete", dialog);
    await page
      .getByText(/ deleted$/)
      .first()
      .waitFor();
    await page.locator("[data-campaign]").first().waitFor();
  });

  await tests.check("the audit, the words of consent and a person's data are shown", async () => {
    await page.goto(`${url}/audit`);
    await page.getByText("Exported the opt-out list").last().waitFor();
    await shot("audit");
    await page.goto(`${url}/consent`);
    await page.getByLabel("Words", { exact: true }).first().waitFor();
    await shot("consent");
    await page.goto(`${url}/people`);
    await page.locator("main input").first().fill(typed);
    await page.keyboard.press("Enter");
    await page.getByText("Conversations", { exact: true }).last().waitFor();
    await shot("person");
  });

  await page.goto(back);
}
