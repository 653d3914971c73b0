// What the screens of campaigns are, for the walk through all pages.
const counted = (p) => p.locator("[data-counts=ready] [data-count=recipients]:not(:text-is('–'))").first().waitFor();

export function campaignScreens(mock) {
  const { sms, whatsapp, done, stopped, noReports } = mock.campaigns.world.samples;
  const step = (id, name) => `/campaigns?id=${id}&step=${name}`;
  return [
    { name: "campaigns", path: "/campaigns", ready: "[data-campaign]" },
    { name: "campaigns-none", path: "/campaigns?q=gibtesnicht", ready: "main input[type=search]" },
    {
      name: "campaigns-menu",
      path: "/campaigns",
      ready: "[data-campaign]",
      act: (p) => p.locator(`[data-campaign="${stopped}"]`).getByRole("button").last().click(),
    },
    {
      name: "campaign-limits",
      path: "/campaigns",
      ready: "[data-campaign]",
      act: async (p) => {
        await p.getByRole("button", { name: /^(Grenzen|Limits)$/ }).click();
        await p.locator("dialog input").first().waitFor();
      },
    },
    { name: "wizard-new", path: "/campaigns?new=1&step=basics", ready: "[data-wizard] input[type=radio]" },
    { name: "wizard-basics", path: step(sms, "basics"), ready: "[data-wizard] input[type=radio]" },
    { name: "wizard-recipients", path: step(sms, "recipients"), ready: "[data-list]", act: counted },
    {
      name: "wizard-recipients-books",
      path: step(sms, "recipients"),
      ready: "[data-book]",
      act: async (p) => {
        await counted(p);
        await p.locator("[data-book]").scrollIntoViewIfNeeded();
      },
    },
    { name: "wizard-content", path: step(sms, "content"), ready: "[data-wizard] textarea" },
    { name: "wizard-template", path: step(whatsapp, "content"), ready: "[data-campaign-files]" },
    { name: "wizard-rules", path: step(sms, "rules"), ready: "[data-wizard] input[type=time]" },
    {
      name: "wizard-rules-later",
      path: step(sms, "rules"),
      ready: "[data-wizard] input[type=time]",
      act: async (p) => {
        await p.getByText(/^(Zu einem Zeitpunkt|At a time)$/).click();
        await p.locator("[data-wizard] input[type=datetime-local]").waitFor();
        await p.getByText(/^(Sofort|Now)$/).click();
        await p.locator("[data-saved=true]").waitFor();
      },
    },
    { name: "wizard-check", path: step(sms, "check"), ready: "[data-estimate]", act: counted },
    { name: "campaign-results", path: `/campaigns?id=${done}`, ready: "[data-recipients] tbody tr" },
    {
      name: "campaign-table",
      path: `/campaigns?id=${done}`,
      ready: "[data-plot] canvas",
      act: async (p) => {
        await p.getByRole("button", { name: /^(Als Tabelle|As a table)$/ }).click();
        await p.locator("[data-timeline]").waitFor();
      },
    },
    { name: "campaign-uncertain", path: `/campaigns?id=${done}&state=uncertain`, ready: "[data-recipient=uncertain]" },
    { name: "campaign-stopped", path: `/campaigns?id=${stopped}`, ready: "[data-recipients] tbody tr" },
    { name: "campaign-no-reports", path: `/campaigns?id=${noReports}`, ready: "[data-no-reports]" },
    {
      name: "campaign-copied",
      path: `/campaigns?id=${noReports}`,
      ready: "[data-recipients] tbody tr",
      act: async (p) => {
        await p.getByRole("button", { name: /^(Duplizieren|Duplicate)$/ }).click();
        await p.locator("[data-copied]").waitFor();
      },
    },
  ];
}
