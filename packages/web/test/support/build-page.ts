import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where TF.js's WebAssembly files lie. */
export const wasmFolder = (): string => {
  const require = createRequire(new URL("../../../backend/package.json", import.meta.url));
  return dirname(require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm"));
};

/**
 * Builds a page that has the package as `web`, of the sources.
 *
 * @returns the folder, which the caller removes.
 */
export async function buildPage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "seg-"));
  await build({
    configFile: false,
    logLevel: "error",
    root: here("../.."),
    base: "./",
    resolve: { conditions: ["@seg/source", "browser", "module", "import", "default"] },
    worker: {
      format: "es",
      rolldownOptions: { output: { entryFileNames: "worker.js" } },
    },
    build: {
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        input: here("./test-page.ts"),
        output: { entryFileNames: "page.js", format: "es" },
      },
    },
  });
  writeFileSync(
    join(folder, "index.html"),
    '<!doctype html><title>test</title><script type="module" src="page.js"></script>',
  );
  return folder;
}
