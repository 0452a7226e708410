import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin, type UserConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const demo = here("../pipeline/demo");

/** Files larger than this are kept offline only once they were needed: engines that most never use. */
const LARGEST_KEPT = 6_000_000;

/**
 * How the page is built.
 *
 * @param segmenter - the module whose `createSegmenter` the page uses; tests give another one.
 */
export function pageConfig({ segmenter, outDir }: { segmenter: string; outDir: string }): UserConfig {
  return {
    root: here("src/page"),
    // Relative, so that the folder works under any path of any server.
    base: "./",
    resolve: {
      // Of ONNX Runtime the build for WebAssembly: the page asks for no other, and it has half the bytes.
      alias: { "#segmenter": segmenter, "onnxruntime-web": "onnxruntime-web/wasm" },
      conditions: ["@seg/source", "module", "browser", "production"],
    },
    worker: { format: "es" },
    build: { outDir, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
    plugins: [demoFiles(), serviceWorker()],
    logLevel: "warn",
  };
}

/** The bundled photo and model, as `demo/`. */
function demoFiles(): Plugin {
  return {
    name: "demo-files",
    generateBundle() {
      for (const name of readdirSync(demo)) {
        this.emitFile({ type: "asset", fileName: `demo/${name}`, source: readFileSync(join(demo, name)) });
      }
    },
  };
}

/** The service worker, told what was built. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    enforce: "post",
    generateBundle(_, bundle) {
      const files: Record<string, string | Uint8Array> = {};
      for (const [name, output] of Object.entries(bundle))
        files[name] = output.type === "chunk" ? output.code : output.source;
      const open = here("src/page/public");
      for (const name of existsSync(open) ? readdirSync(open) : []) files[name] = readFileSync(join(open, name));
      const hash = createHash("sha256");
      for (const name of Object.keys(files).sort()) hash.update(name).update(files[name]!);
      const kept = Object.keys(files).filter((name) => files[name]!.length <= LARGEST_KEPT && name !== "index.html");
      const source = readFileSync(here("src/page/service-worker.js"), "utf8")
        .replace("__VERSION__", hash.digest("hex").slice(0, 16))
        .replace("__FILES__", JSON.stringify(["./", ...kept.sort()]));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

export default defineConfig(pageConfig({ segmenter: here("src/index.ts"), outDir: here("page") }));
