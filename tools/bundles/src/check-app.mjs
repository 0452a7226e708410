import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BUNDLERS, copyWasm } from "./bundlers.mjs";
import { openPage } from "./open-page.mjs";

/**
 * @typedef {object} App
 * @property {string} entry - its `main.mjs`, which leaves the promise of its result in `globalThis.result`.
 * @property {(result: any) => void | Promise<void>} expect - throws where a result is not as it should be.
 * @property {Readonly<Record<string, string>>} [mounts] - folders that the page's server has beside it, by path.
 * @property {string} [worker] - the module that its worker is.
 */

/**
 * Builds an app, runs it, and says what is not as it should be: a warning of the bundler, a module of Node's in what it wrote, an error or an absent file in
 * the page, a wrong result, more JavaScript than the budget.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {App} app
 * @param {{ bundler: string, budget: number, out: string }} options - the budget in kilobytes; an empty folder for the page.
 * @returns {Promise<{ fetched: number, all: number, problems: string[] }>} kilobytes of JavaScript after gzip, of what the page fetched and of all.
 */
export async function checkApp(browser, { entry, expect, mounts, worker }, { bundler, budget, out }) {
  const { build, knowsUrls } = /** @type {import("./bundlers.mjs").Bundler} */ (BUNDLERS[bundler]);
  /** @type {string[]} */
  const problems = [];
  let [fetched, all] = [0, 0];
  try {
    const warnings = await build({ entry, out, worker });
    problems.push(...warnings.map((line) => `Expected no warning but received: ${line}`));
    const scripts = readdirSync(out, { recursive: true, encoding: "utf8" }).filter(isScript);
    all = gzipped(out, scripts);
    problems.push(...scripts.flatMap((path) => nodeModulesIn(readFileSync(join(out, path), "utf8"), path)));
    const named = knowsUrls ? {} : { wasmPaths: copyWasm(out), ...(worker && { worker: "worker.js" }) };
    const page = await openPage(browser, out, { query: new URLSearchParams({ engine: "wasm", ...named }), mounts });
    fetched = gzipped(out, page.files.filter(isScript));
    if (!(fetched <= budget))
      problems.push(
        `Expected at most ${budget} kB but the page fetched ${fetched.toFixed(1)} kB: see what it imports, or raise tools/bundles/budgets.mjs.`,
      );
    await expect(page.result);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return { fetched, all, problems };
}

const isScript = (/** @type {string} */ path) => /\.m?js$/.test(path);

/**
 * Kilobytes of files, each gzipped.
 *
 * @param {string} folder
 * @param {readonly string[]} files
 */
const gzipped = (folder, files) =>
  files.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0) / 1000;

/**
 * A line for each module of Node's that a bundle names: `node:fs` in quotes, and what Vite puts in such a one's place.
 *
 * @param {string} code
 * @param {string} path
 */
function nodeModulesIn(code, path) {
  const found = code.matchAll(/(["'`])(node:[a-z_/]+)\1|(__vite-browser-external)/g);
  const names = new Set([...found].map(([, , node, external]) => node ?? external));
  return [...names].map((name) => `Expected nothing of Node's but ${path} has ${name}.`);
}
