// Opens each HTML page of a folder in Chromium, wide and narrow, light and dark, and fails if a page has an error of
// accessibility (of long lists, the first elements), is wider than the window, loads or logs something, or cannot be used with the keyboard.
// Usage: node check.mjs CHROMIUM FOLDER. Writes a picture beside each page.

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "package.json"));
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");

const [executablePath, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const problems = [];
const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
for (const name of pages) {
  for (const width of [1280, 400]) {
    for (const colorScheme of ["light", "dark"]) {
      const where = `${name} at ${width}, ${colorScheme}`;
      const problem = (text) => problems.push(`${where}: ${text}`);
      // The rules of the page forbid scripts; only the check of the page gets past them.
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      page.on("console", (message) => problem(`console: ${message.text()}`));
      const url = pathToFileURL(join(folder, name)).href;
      page.on("request", (request) => request.url() !== url && problem(`loads ${request.url()}`));
      await page.goto(url);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) problem(`${overflow} pixels wider than the window`);
      await page.screenshot({ path: join(folder, `${name.replace(".html", "")}-${width}-${colorScheme}.png`) });
      if (await page.locator("a, input, summary, select, button").count() > 0) {
        await page.keyboard.press("Tab");
        const focused = await page.evaluate(() => document.activeElement?.matches(":focus-visible"));
        if (!focused) problem("the first press of Tab reaches nothing");
      }
      await page.addScriptTag({ path: axe });
      // The elements of a long list are alike, and axe takes a tenth of a second for each.
      await page.evaluate(() => {
        const left = new Set([...document.querySelectorAll(".finding:nth-child(n+20), .accounts li:nth-child(n+20)")]);
        left.forEach((element) => element.remove());
      });
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      for (const { id, nodes } of violations) problem(`${id}: ${nodes.length} times, first ${nodes[0].html}`);
      await context.close();
    }
  }
  // Without scripts, a choice of a severity hides the other findings.
  const page = await browser.newPage();
  await page.goto(pathToFileURL(join(folder, name)).href);
  if (await page.locator("#only-critical").count() > 0) {
    const visible = () => page.locator(".finding:not(.critical):visible").count();
    const before = await visible();
    await page.locator("#only-critical").check();
    if (before > 0 && (await visible()) > 0) problems.push(`${name}: the choice of a severity hides nothing`);
  }
  await page.close();
}
await browser.close();
for (const text of problems) console.error(text);
if (pages.length === 0) console.error(`no page in ${folder}`);
console.log(`${pages.length} pages, ${problems.length} problems`);
process.exit(problems.length > 0 || pages.length === 0 ? 1 : 0);
