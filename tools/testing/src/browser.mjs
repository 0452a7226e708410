/**
 * Chromium and a static server, for what must be seen in a page. Plain JavaScript, so that gates and benches can take it without a build.
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream";
import { chromium } from "playwright-core";

const program = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find(existsSync);

/** Why there can be no pages here, for a test's title: ` (skipped: …)`; empty where there can. */
export const unlessChromium = program ? "" : " (skipped: there is no Chromium)";

/**
 * Starts Chromium without a window, with WebGL and WebGPU on SwiftShader, which computes on the CPU: the same everywhere. A caller closes it.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.args] - more of Chromium's flags.
 * @returns {Promise<import("playwright-core").Browser>}
 */
export function startBrowser({ args = [] } = {}) {
  if (!program) throw new Error("Expected Chromium but found none: apt-get install chromium.");
  return chromium.launch({
    executablePath: program,
    args: [
      // Its sandbox refuses root, who runs CI.
      "--no-sandbox",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      ...args,
    ],
  });
}

/** @type {Readonly<Record<string, string>>} */
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

/** What lets a page have SharedArrayBuffer, and with it threads. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/**
 * Serves folders on loopback as a good static server does, with content types and ranges, until `close`.
 *
 * @param {string | Readonly<Record<string, string>>} folders - one for `/`, or by prefix: `{ "/": "dist", "/wasm/": "…" }`; the longest that fits counts.
 * @param {object} [options]
 * @param {boolean} [options.isolated] - sends the headers of cross-origin isolation.
 * @param {boolean} [options.ranges] - false for a server that knows no range requests, and gives whole files.
 * @param {Readonly<Record<string, string>>} [options.headers] - to send with each answer.
 * @returns {Promise<{ url: string, requests: { path: string, range: string | undefined, status: number }[], close: () => Promise<void> }>}
 *   `url` ends with a slash; `requests` grows by each one.
 */
export async function serveFolder(folders, { isolated = false, ranges = true, headers = {} } = {}) {
  const mounts = Object.entries(typeof folders === "string" ? { "/": folders } : folders);
  mounts.sort(([a], [b]) => b.length - a.length);
  /** @type {{ path: string, range: string | undefined, status: number }[]} */
  const requests = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const { range } = request.headers;
    const file = fileOf(mounts, path);
    const size = file ? statSync(file).size : 0;
    const [first, end] = (ranges && range && file && partOf(range, size)) || [0, size];
    const status = !file ? 404 : first >= end && size > 0 ? 416 : end - first < size ? 206 : 200;
    requests.push({ path, range, status });
    response.writeHead(status, {
      ...(isolated && ISOLATED),
      "content-type": (file && TYPES[extname(file).toLowerCase()]) ?? "application/octet-stream",
      "cache-control": "no-store",
      ...(ranges && { "accept-ranges": "bytes" }),
      ...(status < 400 && { "content-length": end - first }),
      ...(status === 206 && { "content-range": `bytes ${first}-${end - 1}/${size}` }),
      ...(status === 416 && { "content-range": `bytes */${size}` }),
      ...headers,
    });
    if (!file || status >= 400 || request.method === "HEAD" || end === first) response.end();
    else pipeline(createReadStream(file, { start: first, end: end - 1 }), response, () => {});
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () =>
    new Promise((/** @type {(value: void) => void} */ closed) => {
      server.close(() => closed());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}/`, requests, close };
}

/**
 * The file that a path names, none where there is none or it would lie outside.
 *
 * @param {[string, string][]} mounts
 * @param {string} path
 */
function fileOf(mounts, path) {
  const [prefix, folder] = mounts.find(([prefix]) => path.startsWith(prefix)) ?? [];
  if (prefix === undefined || folder === undefined) return undefined;
  let name;
  try {
    name = decodeURIComponent(path.slice(prefix.length));
  } catch {
    return undefined;
  }
  const file = join(folder, name === "" || name.endsWith("/") ? `${name}index.html` : name);
  if (!file.startsWith(join(folder, sep))) return undefined;
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}

/**
 * First and end of `bytes=first-last`, `bytes=first-` and `bytes=-length`; none of other headers, which ask for the whole.
 *
 * @param {string} range
 * @param {number} size
 * @returns {[number, number] | undefined}
 */
function partOf(range, size) {
  const found = /^bytes=(\d*)-(\d*)$/.exec(range);
  const [, first = "", last = ""] = found ?? [];
  if (!found || (first === "" && last === "")) return undefined;
  if (first === "") return [Math.max(0, size - Number(last)), size];
  return [Number(first), last === "" ? size : Math.min(size, Number(last) + 1)];
}
