// What the browser tests share: Chromium, named checks with a count at the end, axe, CSP and overflow probes.
import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const AXE = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function launch() {
  const executablePath = process.env.DEPESCHE_CHROMIUM ?? "/usr/bin/chromium";
  await access(executablePath).catch(() => {
    throw new Error(`${executablePath} is missing: install chromium or set DEPESCHE_CHROMIUM`);
  });
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
}

/** Runs named checks one after the other; a failed one does not stop the rest. */
export function suite(name) {
  const failures = [];
  let passed = 0;
  return {
    async check(promise, run) {
      try {
        await run();
        passed += 1;
        if (process.env.VERBOSE) console.log(`ok   ${promise}`);
      } catch (error) {
        failures.push(promise);
        console.error(`FAIL ${promise}\n     ${String(error?.message ?? error).replaceAll("\n", "\n     ")}`);
      }
    },
    finish() {
      console.log(`${name}: ${passed} passed, ${failures.length} failed`);
      return failures.length === 0;
    },
  };
}

export function equal(found, wanted, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

/** A page that notes CSP violations and errors. */
export async function open(context) {
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", (e) =>
      window.violations.push(`${e.effectiveDirective} ${e.sample || e.blockedURI}`),
    );
  });
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    // The browser itself logs each refused request; those are part of the tests.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.errors.push(message.text());
  });
  return page;
}

export async function violations(page) {
  return page.evaluate(() => window.violations);
}

/** Axe over the page as it stands; the CSP is no obstacle because it runs through the debugger. */
export async function axe(page, options = {}) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: `window.axe || (() => { ${AXE} })()` });
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression: `axe.run(document, ${JSON.stringify({ runOnly: RULES, resultTypes: ["violations"], ...options })}).then((r) => JSON.stringify(
      r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? "")).slice(0, 4).join(" | "))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(`axe did not run: ${exceptionDetails.exception?.description}`);
  return JSON.parse(result.value);
}

export async function overflow(page) {
  return page.evaluate(() => {
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide <= 0) return null;
    const worst = [...document.querySelectorAll("body *")].filter(
      (e) => e.getBoundingClientRect().right > innerWidth + 1,
    );
    return `${wide} px too wide: ${worst
      .slice(0, 3)
      .map((e) => `${e.tagName}.${String(e.className).slice(0, 60)}`)
      .join(", ")}`;
  });
}

export async function settle(page) {
  // The live stream never ends, so "network idle" never comes: two frames and a moment for fonts and answers.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.waitForTimeout(300);
}
