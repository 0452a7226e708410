import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveFolder, startBrowser, unlessChromium } from "@seg/testing/browser";
import { build } from "esbuild";
import { describe, expect, it, onTestFinished } from "vitest";

const PACKAGES = fileURLToPath(new URL("../../../packages/", import.meta.url));
const WASM = join(
  dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")),
  "dist",
);

/** The block of JavaScript in a README's chapter about browsers. */
function exampleOf(name: string): string {
  const [, chapter = ""] = readFileSync(join(PACKAGES, name, "README.md"), "utf8").split("\n## In a browser\n");
  const [, code] = /^```js fragment\n(.*?)^```$/ms.exec(chapter.split("\n## ")[0] ?? "") ?? [];
  if (!code) throw new Error(`Expected an example under "In a browser" in ${name}'s README.`);
  return code;
}

describe.skipIf(unlessChromium)(`what READMEs say of browsers${unlessChromium}`, () => {
  it.each([
    ["backend", "name", "wasm"],
    ["sync-bn", "typeof same.predict", "function"],
  ])("runs, of %s, in a page", async (name, value, expected) => {
    const folder = mkdtempSync(join(tmpdir(), "seg-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await build({
      stdin: {
        contents: `${exampleOf(name)}\nglobalThis.result = ${value};`,
        resolveDir: dirname(fileURLToPath(import.meta.url)),
      },
      outfile: join(folder, "main.js"),
      bundle: true,
      format: "esm",
      conditions: ["@seg/source", "browser"],
      logLevel: "silent",
    });
    writeFileSync(join(folder, "index.html"), '<!DOCTYPE html><script type="module" src="./main.js"></script>');
    const server = await serveFolder({ "/": folder, "/@tensorflow/tfjs-backend-wasm/dist/": WASM });
    onTestFinished(server.close);
    const browser = await startBrowser();
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const failed = new Promise<never>((_, reject) => page.on("pageerror", reject));
    await page.goto(server.url);
    await Promise.race([failed, page.waitForFunction(() => "result" in globalThis, undefined, { timeout: 300_000 })]);
    expect(await page.evaluate(() => (globalThis as unknown as { result: unknown }).result)).toBe(expected);
  });
});
