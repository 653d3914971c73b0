// The size gate: everything a route loads before it is usable, gzip, against its budget. Fails the build when over.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_KB = { inbox: 120, login: 80, other: 130 };
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, "utf8"));

const sizes = new Map();
function gzip(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(dist + file), { level: 9 }).length);
  return sizes.get(file);
}
/** A chunk, what it imports, and their styles. */
function closure(key, into = new Set()) {
  const chunk = manifest[key];
  if (!chunk || into.has(chunk.file)) return into;
  into.add(chunk.file);
  for (const css of chunk.css ?? []) into.add(css);
  for (const next of chunk.imports ?? []) closure(next, into);
  return into;
}

const always = new Set(["index.html", "theme.js", "favicon.svg"]);
closure("index.html", always);
closure("src/i18n/de.json", always);
const shell = closure("src/shell/Shell.svelte");
const setupWords = closure("src/i18n/setup.de.json");
const campaignWords = closure("src/i18n/campaigns.de.json");
const peopleWords = closure("src/i18n/people.de.json");
const WITH_PEOPLE = ["phonebooks", "imports", "optouts", "consent", "people", "audit"];
const WITHOUT_SETUP = ["login", "inbox", "notfound", "campaigns"];
/** Pages of one route that are fetched apart from each other. */
const CAMPAIGNS = "src/features/campaigns/";
const PARTS = {
  "campaigns: list": ["CampaignList"],
  "campaigns: results": ["Results"],
  "campaigns: basics": ["Wizard", "StepBasics"],
  "campaigns: recipients": ["Wizard", "StepRecipients"],
  "campaigns: content": ["Wizard", "StepContent"],
  "campaigns: rules": ["Wizard", "StepRules"],
  "campaigns: check": ["Wizard", "StepCheck"],
};
const routes = Object.keys(manifest).filter((k) => k.startsWith("src/routes/"));
const pages = [
  ...routes.map((key) => [key.slice("src/routes/".length, -".svelte".length).toLowerCase(), [key]]),
  ...Object.entries(PARTS).map(([name, parts]) => [
    name,
    ["src/routes/Campaigns.svelte", ...parts.map((part) => `${CAMPAIGNS}${part}.svelte`)],
  ]),
];
let over = 0;
for (const [page, needs] of pages.sort()) {
  const name = page.split(":")[0];
  const files = new Set([
    ...always,
    ...(name === "login" ? [] : shell),
    ...needs.flatMap((key) => [...closure(key)]),
    ...(WITHOUT_SETUP.includes(name) ? [] : setupWords),
    ...(name === "campaigns" ? campaignWords : []),
    ...(WITH_PEOPLE.includes(name) ? peopleWords : []),
  ]);
  const bytes = [...files].reduce((sum, f) => sum + gzip(f), 0);
  const limit = BUDGET_KB[name] ?? BUDGET_KB.other;
  const kb = bytes / 1024;
  if (kb > limit) over += 1;
  console.log(
    `budget: ${kb > limit ? "OVER" : "ok  "} ${page.padEnd(21)} ${kb.toFixed(1).padStart(6)} of ${limit} KB gzip, ${files.size} files`,
  );
}
if (over > 0) {
  console.error(`budget: ${over} routes are over their budget`);
  process.exit(1);
}
