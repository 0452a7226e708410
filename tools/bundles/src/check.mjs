import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startBrowser } from "@seg/testing/browser";
import { BUDGETS } from "../budgets.mjs";
import { BUNDLERS } from "./bundlers.mjs";
import { checkApp } from "./check-app.mjs";
import { installPackages } from "./project.mjs";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const APPS = here("../apps/");

/**
 * Builds each app by each bundler, in a project that has the packages as npm installs them, and prints a table.
 *
 * @param {readonly string[]} words - names of bundlers and apps; all unless given.
 * @returns {Promise<number>} the exit code.
 */
export async function check(words) {
  const apps = readdirSync(APPS);
  const unknown = words.find((word) => !Object.hasOwn(BUNDLERS, word) && !apps.includes(word));
  if (unknown) {
    console.error(`Expected ${[...Object.keys(BUNDLERS), ...apps].join(", ")} but received "${unknown}".`);
    return 2;
  }
  const chosen = (/** @type {string[]} */ names) => {
    const some = names.filter((name) => words.includes(name));
    return some.length > 0 ? some : names;
  };
  const project = mkdtempSync(join(tmpdir(), "seg-bundles-"));
  const browser = await startBrowser();
  let failures = 0;
  try {
    installPackages(project, Object.keys(JSON.parse(readFileSync(here("../package.json"), "utf8")).devDependencies));
    console.log("app        bundler          page fetches  budget   all chunks  (kB of JavaScript after gzip)");
    for (const name of chosen(apps)) {
      cpSync(join(APPS, name), join(project, name), { recursive: true });
      const expected = await import(pathToFileURL(join(APPS, name, "expected.mjs")).href);
      const app = { ...expected, entry: join(project, name, "main.mjs"), expect: expected.default };
      for (const bundler of chosen(Object.keys(BUNDLERS))) {
        const out = join(project, "pages", name, bundler);
        mkdirSync(out, { recursive: true });
        const budget = BUDGETS[name]?.[bundler] ?? 0;
        const { fetched, all, problems } = await checkApp(browser, app, { bundler, budget, out });
        const cells = [fetched, budget, all].map((size) => size.toFixed(0).padStart(8)).join("  ");
        console.log(`${name.padEnd(10)} ${BUNDLERS[bundler]?.version.padEnd(16)} ${cells}`);
        for (const problem of problems) console.error(`  ${problem}`);
        failures += problems.length;
      }
    }
  } finally {
    await browser.close();
    rmSync(project, { recursive: true, force: true });
  }
  return failures > 0 ? 1 : 0;
}
