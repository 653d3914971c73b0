// Screens with files: each is drawn in both languages and themes, and on phones.
import { attach, exe, large, pdf, small } from "./files-lib.mjs";

/** Screens of their own: drawn, accessible, in both languages and themes, on phones. */
export function fileScreens(mock) {
  const { fotos, clara, hans, numbers } = mock.data;
  const thread = `/inbox?tab=mine&id=${fotos}`;
  const top = (p) => p.locator('main [role="log"]').evaluate((e) => e.scrollTo(0, 0));
  return [
    { name: "files-thread", path: thread, ready: "[data-attachment=loading]", act: top },
    {
      name: "files-middle",
      path: thread,
      ready: "audio",
      act: (p) => p.locator("audio").evaluate((e) => e.scrollIntoView({ block: "end" })),
    },
    { name: "files-states", path: thread, ready: "[data-attachment=expired]" },
    {
      name: "files-composer",
      path: thread,
      ready: "article",
      act: async (p) => {
        await attach(p, [
          large("handyfoto-1.png"),
          small("skizze.png"),
          pdf("angebot.pdf", 200_000),
          pdf("gross.pdf", 900_000),
          exe(),
        ]);
        await p.locator("[data-refused] li").nth(1).waitFor();
        await p.locator("[data-fitted]").waitFor();
      },
    },
    {
      name: "files-links",
      path: `/inbox?tab=mine&id=${hans}`,
      ready: "article",
      act: async (p) => {
        await attach(p, [small("plan.png", 3)]);
        await p.locator("[data-way=links]").waitFor();
      },
    },
    {
      name: "gallery",
      path: thread,
      ready: "[data-files='6'] img",
      act: async (p) => {
        await p.locator("[data-files='6'] button").nth(1).click();
        await p.locator("dialog img").waitFor();
      },
    },
    {
      name: "files-new-message",
      path: "/inbox?tab=all",
      ready: "main li button",
      act: async (p) => {
        await p.keyboard.press("n");
        await p.locator("dialog select option").first().waitFor({ state: "attached" });
        await p.locator("dialog select").selectOption(String(numbers[2].id));
        await p.locator('dialog input[type="tel"]').fill("+12025550155");
        await p.locator("dialog textarea").focus();
        await attach(p, [small("muster.png", 5)]);
        await p.locator("dialog [data-total]").waitFor();
      },
    },
    {
      name: "channel-media",
      path: "/channels?id=1",
      ready: "dialog [inputmode=numeric]",
      act: (p) =>
        p
          .getByText(/^(Dateien|Files)$/)
          .last()
          .evaluate((e) => e.scrollIntoView()),
    },
    { name: "number-mms", path: `/numbers?id=${numbers[2].id}`, ready: "dialog form input" },
    {
      name: "simulator-files",
      path: "/simulator?customer=%2B12025550188",
      ready: "textarea",
      act: async (p) => {
        await p.locator("main select").first().selectOption(numbers[2].address);
        await attach(p, [small("kunde.png", 6)]);
        await p.locator("[data-file=done]").waitFor();
        await p.locator("textarea").fill("Mein Bild");
        await p.keyboard.press("Enter");
        await p.locator("[data-direction=from_customer] img").last().waitFor();
        // What was sent leaves the line a moment after it stands in the conversation.
        await p.locator("[data-file=done]").waitFor({ state: "detached" });
        await attach(p, [small("noch-eins.png", 4)]);
        await p.locator("[data-file=done]").waitFor();
      },
    },
    { name: "whatsapp-files", path: `/inbox?tab=all&id=${clara}`, ready: "article" },
  ];
}
