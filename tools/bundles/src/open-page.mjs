import { serveFolder } from "@seg/testing/browser";

/** A page that neither gives a result nor an error by then hangs. */
const PAGE_MS = 300_000;

/** Where pages lie on their server: not at its root. */
const PATH = "/under/a path/";

/**
 * Opens a built page, and waits for the promise that it leaves in `globalThis.result`.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} folder
 * @param {{ query: URLSearchParams, mounts?: Readonly<Record<string, string>> }} options - what follows `?` in its address; what else its server has.
 * @returns {Promise<{ result: unknown, files: string[] }>} with the files of the folder that it fetched.
 * @throws if anything in the page does, or something that it asks for is not there.
 */
export async function openPage(browser, folder, { query, mounts = {} }) {
  const server = await serveFolder({ [encodeURI(PATH)]: folder, ...mounts });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PAGE_MS);
    /** @type {string[]} */
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${server.url}${encodeURI(PATH).slice(1)}?${query}`);
    await page
      .waitForFunction(() => "result" in globalThis || undefined, undefined, { timeout: PAGE_MS })
      .catch(() => {
        throw new Error(`Expected a result of the page but received none. ${errors.join(" ")}`);
      });
    const result = await page.evaluate(() => /** @type {any} */ (globalThis).result);
    if (errors.length > 0) throw new Error(`Expected no error in the page but received: ${errors.join(" ")}`);
    const absent = server.requests.find(({ status }) => status >= 400);
    if (absent) throw new Error(`Expected what the page asks for to be there but ${absent.path} is not.`);
    const paths = server.requests.map(({ path }) => decodeURIComponent(path)).filter((path) => path.startsWith(PATH));
    return { result, files: [...new Set(paths)].map((path) => path.slice(PATH.length)) };
  } finally {
    await context.close();
    await server.close();
  }
}
