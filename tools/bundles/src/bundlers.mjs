import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/**
 * @typedef {object} Bundler
 * @property {string} version
 * @property {(job: Job) => Promise<string[]>} build - gives the warnings.
 * @property {boolean} [knowsUrls] - whether it knows `new URL("…", import.meta.url)`, of TF.js's `.wasm` files and of workers: where not, they are
 *   put beside the page and named to it.
 *
 * @typedef {object} Job
 * @property {string} entry - the file that the page loads.
 * @property {string} out - the folder for the page.
 * @property {string | undefined} worker - the module that the page's worker is, if it has one, for bundlers that do not find it.
 */

const PAGE = (/** @type {string} */ script) =>
  `<!DOCTYPE html>\n<meta charset="utf-8">\n<link rel="icon" href="data:,">\n<script type="module" src="${script}"></script>\n`;

/** @typedef {{ code?: string, id?: string, message: string }} RollupWarning */

const IGNORED_BY_VITE = ["CIRCULAR_DEPENDENCY", "THIS_IS_UNDEFINED"];

/**
 * Comments of others that speak of annotations, as zod's do, Rollup takes for annotations in a wrong place.
 *
 * @param {string} code
 * @param {string} id
 */
const isProse = (code, id) => code === "INVALID_ANNOTATION" && !id.includes("/@seg/");

/**
 * Vite builds a page, not a script: it gets one of its own, which names the entry.
 *
 * @param {string} name - an alias of it among this folder's dependencies.
 * @returns {Bundler}
 */
const vite = (name) => ({
  version: `Vite ${versionOf(name)}`,
  knowsUrls: true,
  async build({ entry, out }) {
    const { build, createLogger } = /** @type {typeof import("vite8")} */ (await import(name));
    /** @type {string[]} */
    const warnings = [];
    const logger = createLogger("silent");
    logger.warn = logger.warnOnce = (line) => warnings.push(line);
    // Vite 5 leaves Rollup's warnings to Rollup, which prints them.
    const onwarn = (/** @type {RollupWarning} */ { code = "", id = "", message }) => {
      if (!IGNORED_BY_VITE.includes(code) && !isProse(code, id)) warnings.push(message);
    };
    const root = dirname(entry);
    const html = join(root, "index.html");
    await build({
      root,
      configFile: false,
      logLevel: "silent",
      customLogger: logger,
      base: "./",
      plugins: [
        {
          name: "page",
          resolveId: (id) => (id === html ? html : undefined),
          load: (id) => (id === html ? PAGE(`./${basename(entry)}`) : undefined),
        },
      ],
      worker: { format: "es" },
      build: {
        outDir: out,
        emptyOutDir: true,
        target: "es2022",
        chunkSizeWarningLimit: 10_000,
        reportCompressedSize: false,
        // How long the plugins of Vite 8 take is no news of the app.
        ...(name === "vite5"
          ? { rollupOptions: { onwarn } }
          : { rolldownOptions: { checks: { pluginTimings: false } } }),
      },
    });
    return warnings;
  },
});

/** @type {Bundler} */
const esbuild = {
  version: `esbuild ${versionOf("esbuild")}`,
  async build({ entry, out, worker }) {
    const { build } = await import("esbuild");
    const { warnings } = await build({
      absWorkingDir: dirname(entry),
      entryPoints: { main: entry, ...(worker && { worker }) },
      outdir: out,
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      target: "es2022",
      logLevel: "silent",
    });
    writeFileSync(join(out, "index.html"), PAGE("./main.js"));
    return warnings.map(({ text, location }) => `${text} (${location?.file ?? ""})`);
  },
};

/** @type {Bundler} */
const webpack = {
  version: `webpack ${versionOf("webpack")}`,
  knowsUrls: true,
  async build({ entry, out }) {
    const { default: webpack } = await import("webpack");
    const { transform } = await import("esbuild");
    const compiler = webpack({
      mode: "production",
      context: dirname(entry),
      entry: { main: entry },
      output: { path: out, module: true, publicPath: "auto" },
      // What need not be installed, as the READMEs say.
      resolve: { fallback: { "@tensorflow/tfjs-backend-webgpu": false, "onnxruntime-web": false } },
      experiments: { outputModule: true },
      performance: { hints: false },
      optimization: { minimize: false },
      target: ["web", "es2022"],
    });
    const stats = /** @type {import("webpack").Stats} */ (
      await new Promise((resolve, reject) => {
        compiler.run((error, stats) => compiler.close(() => (error || !stats ? reject(error) : resolve(stats))));
      })
    );
    const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
    // Terser would take half a minute.
    for (const name of readdirSync(out).filter((name) => name.endsWith(".mjs"))) {
      const { code } = await transform(readFileSync(join(out, name), "utf8"), {
        minify: true,
        format: "esm",
        target: "es2022",
      });
      writeFileSync(join(out, name), code);
    }
    writeFileSync(join(out, "index.html"), PAGE("./main.mjs"));
    return warnings.map(({ message }) => message);
  },
};

/** What apps are built with. @type {Readonly<Record<string, Bundler>>} */
export const BUNDLERS = { vite5: vite("vite5"), vite8: vite("vite8"), esbuild, webpack };

/** @param {string} name - a dependency of this folder. */
function versionOf(name) {
  return JSON.parse(readFileSync(manifestOf(name), "utf8")).version;
}

/** @param {string} name */
function manifestOf(name) {
  const folder = (require.resolve.paths(name) ?? []).map((path) => join(path, name, "package.json")).find(existsSync);
  if (!folder) throw new Error(`Expected ${name} to be installed: pnpm install.`);
  return folder;
}

/** Copies TF.js's `.wasm` files into a page's folder, for bundlers that do not. Gives the page's name for their folder. @param {string} out */
export function copyWasm(out) {
  const from = join(dirname(manifestOf("@tensorflow/tfjs-backend-wasm")), "dist");
  const to = join(out, "wasm");
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, filter: (path) => path === from || path.endsWith(".wasm") });
  return "wasm/";
}
