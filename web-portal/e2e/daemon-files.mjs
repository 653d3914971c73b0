// Files through a running daemon: a customer's picture is seen and opened, the answer's picture and paper leave and arrive.
import { paper, picture } from "../mock/files.mjs";
import { axe, equal, settle, violations, open } from "./lib.mjs";

const photo = (name, hue) => ({ name, mimeType: "image/png", buffer: picture(640, 480, hue) });
/** Larger than an MMS takes: fitting has to do something. */
const large = { name: "large.png", mimeType: "image/png", buffer: picture(2000, 1500, 2, 250) };

export async function daemonFiles({ tests, context, page, url, shots }) {
  const back = page.url();
  // The ending says how the simulated carrier behaves: 77 is nothing special.
  const customerNumber = `+155501${String(Date.now()).slice(-3)}77`;
  const phone = `${url}/simulator?customer=${encodeURIComponent(customerNumber)}`;
  const customer = await open(context);
  const files = (tab) => tab.locator('form input[type="file"]').last();
  const box = page.getByLabel("Write a reply");
  const sendable = () =>
    page.waitForFunction(() => document.querySelector("form button.btn-primary")?.disabled === false);

  await tests.check(
    "a customer's picture is shown in the thread, with its size, and opens in the gallery",
    async () => {
      await customer.goto(phone);
      await files(customer).setInputFiles([photo("from-customer.png", 4), photo("second.png", 5)]);
      await customer.locator("[data-file=done]").nth(1).waitFor();
      await customer.getByLabel("Write as the customer …").fill("Here are the pictures");
      await customer.keyboard.press("Enter");
      await customer.locator("[data-direction=from_customer]", { hasText: "Here are the pictures" }).waitFor();
      await page.goto(`${url}/inbox?tab=all`);
      await page
        .getByRole("button", { name: /Here are the pictures/ })
        .first()
        .click();
      const article = page.locator("article", { hasText: "Here are the pictures" });
      const pictures = article.locator("img");
      await pictures.nth(1).waitFor();
      await page.waitForFunction(() => [...document.querySelectorAll("article img")].every((i) => i.naturalWidth > 0));
      equal(await pictures.count(), 2, "previews");
      await pictures.first().click();
      await page.locator("dialog img").waitFor();
      await page.waitForFunction(() => document.querySelector("dialog img")?.naturalWidth === 640);
      await settle(page);
      await page.screenshot({ path: `${shots}/daemon-gallery-en-light.png` });
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction(() => document.querySelector("dialog [aria-live]")?.textContent.trim() === "2 of 2");
      equal(await axe(page), [], "axe violations in the gallery");
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
    },
  );

  await tests.check("all files of the message come as one archive", async () => {
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /Download all/ }).click(),
    ]);
    equal(/\.zip$/.test(saved.suggestedFilename()), true, "an archive");
    await page.locator("article").getByText("2 files downloaded").waitFor();
  });

  await tests.check(
    "the answer's picture and paper are fitted before they leave, delivered, and seen by the customer",
    async () => {
      await files(page).setInputFiles([
        photo("answer.png", 1),
        large,
        { name: "offer.pdf", mimeType: "application/pdf", buffer: paper() },
      ]);
      await page.locator("[data-file]").nth(2).waitFor();
      await page.waitForFunction(
        () => document.querySelectorAll("[data-file=uploading], [data-file=waiting]").length === 0,
      );
      // The made-up paper is no valid PDF: it may be refused, with its reason, and the pictures stay.
      await page.locator("[data-file=done]").nth(1).waitFor();
      await box.fill("Here is ours");
      await sendable();
      await page.screenshot({ path: `${shots}/daemon-composer-en-light.png` });
      await box.press("Enter");
      const answer = page.locator("article", { hasText: "Here is ours" });
      await answer.locator("img").first().waitFor();
      await answer.locator('[data-status="delivered"], [data-status="read"]').waitFor({ timeout: 30_000 });
      equal([await box.inputValue(), await page.locator("[data-file]").count()], ["", 0], "composer after sending");
      await customer.reload();
      const got = customer.locator("[data-direction=to_customer]", { hasText: "Here is ours" });
      await got.first().waitFor();
      const shown = (await got.locator("li").count()) > 0 || /https?:\/\//.test(await got.first().innerText());
      equal(shown, true, "files, or a link to them, on the customer's phone");
    },
  );

  await tests.check("a program is refused with its reason and nothing else is lost", async () => {
    await files(page).setInputFiles([
      { name: "tool.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ\u0090\u0000\u0003") },
      photo("good.png", 3),
    ]);
    await page.locator("[data-refused] li").first().waitFor();
    await page.locator("[data-file=done]").waitFor();
    equal(await page.locator("[data-refused] b").allInnerTexts(), ["Type not allowed."], "reason");
    await page.locator("[data-file=done]").getByRole("button").click();
    equal(await violations(page), [], "CSP violations");
  });

  await customer.close();
  await page.goto(back);
  await page.getByLabel("Write a reply").waitFor();
}
