import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { serveFolder, startBrowser } from "@seg/testing/browser";
import { BUDGETS } from "../budgets.mjs";
import { BUNDLERS, copyWasm } from "./bundlers.mjs";

const APPS = fileURLToPath(new URL("../apps/", import.meta.url));

/** A page that neither gives a result nor an error by then hangs. */
const PAGE_MS = 300_000;

/**
 * Each app is a folder in `apps`: `main.mjs`, which leaves the promise of its result in `globalThis.result`, and `expected.mjs`, whose default export
 * throws where a result is not as it should be.
 *
 * @param {readonly string[]} names - of bundlers; all unless given.
 * @returns {Promise<number>} the exit code.
 */
export async function check(names) {
  const unknown = names.find((name) => !Object.hasOwn(BUNDLERS, name));
  if (unknown) {
    console.error(`Expected bundlers of ${Object.keys(BUNDLERS).join(", ")} but received "${unknown}".`);
    return 2;
  }
  const browser = await startBrowser();
  let failures = 0;
  try {
    console.log("app        bundler          page fetches  budget   all chunks  (kB of JavaScript after gzip)");
    for (const app of readdirSync(APPS)) {
      for (const [name, bundler] of Object.entries(BUNDLERS)) {
        if (names.length > 0 && !names.includes(name)) continue;
        const { sizes, problems } = await checkOne(browser, app, name);
        const cells = sizes.map((size) => size.toFixed(0).padStart(8)).join("  ");
        console.log(`${app.padEnd(10)} ${bundler.version.padEnd(16)} ${cells}`);
        for (const problem of problems) console.error(`  ${problem}`);
        failures += problems.length;
      }
    }
  } finally {
    await browser.close();
  }
  return failures > 0 ? 1 : 0;
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} app
 * @param {string} name - of the bundler.
 */
async function checkOne(browser, app, name) {
  const out = mkdtempSync(join(tmpdir(), "seg-bundle-"));
  const budget = BUDGETS[app]?.[name] ?? 0;
  /** @type {string[]} */
  const problems = [];
  let sizes = [0, budget, 0];
  try {
    const { build, copiesWasm } = /** @type {import("./bundlers.mjs").Bundler} */ (BUNDLERS[name]);
    const warnings = await build({ entry: join(APPS, app, "main.mjs"), out });
    problems.push(...warnings.map((line) => `Expected no warning but received: ${line}`));
    const address = copiesWasm ? "?engine=wasm" : `?engine=wasm&wasmPaths=${copyWasm(out)}`;
    const { result, scripts } = await runPage(browser, out, address);
    sizes = [gzipped(scripts.map((path) => join(out, path))), budget, gzipped(scriptsIn(out))];
    if (!(sizes[0] <= budget))
      problems.push(
        `Expected at most ${budget} kB but the page fetched ${sizes[0].toFixed(1)} kB: see what it imports, or raise tools/bundles/budgets.mjs.`,
      );
    const { default: expect } = await import(join(APPS, app, "expected.mjs"));
    await expect(result);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return { sizes, problems };
}

/**
 * Opens a built page and waits for its result.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} folder
 * @param {string} query
 */
async function runPage(browser, folder, query) {
  const server = await serveFolder(folder);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PAGE_MS);
    /** @type {string[]} */
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(server.url + query);
    await page
      .waitForFunction(() => "result" in globalThis || undefined, undefined, { timeout: PAGE_MS })
      .catch(() => {
        throw new Error(`Expected a result of the page but received none. ${errors.join(" ")}`);
      });
    const result = await page.evaluate(() => /** @type {any} */ (globalThis).result);
    if (errors.length > 0) throw new Error(`Expected no error in the page but received: ${errors.join(" ")}`);
    const scripts = server.requests.filter(({ path, status }) => /\.m?js$/.test(path) && status === 200);
    return { result, scripts: [...new Set(scripts.map(({ path }) => path))] };
  } finally {
    await context.close();
    await server.close();
  }
}

/** Kilobytes of files, each gzipped. @param {readonly string[]} files */
const gzipped = (files) => files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0) / 1000;

/** @param {string} folder */
const scriptsIn = (folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.m?js$/.test(path))
    .map((path) => join(folder, path));
