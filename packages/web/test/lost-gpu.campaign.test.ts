import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveFolder, startBrowser, unlessChromium } from "@seg/testing/browser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type * as Web from "../src/index.ts";
import { buildPage, wasmFolder } from "./support/build-page.ts";
import { losing } from "./support/losing-worker.ts";

/** In the page, the package. */
declare const web: typeof Web;

const demo = fileURLToPath(new URL("../../pipeline/demo/", import.meta.url));

describe.skipIf(unlessChromium)(`A GPU that is taken away while a photo is segmented${unlessChromium}`, () => {
  let folder: string;
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFolder>>;

  beforeAll(async () => {
    folder = await buildPage();
    writeFileSync(join(folder, "losing.js"), losing);
    writeFileSync(join(folder, "losing-worker.js"), 'import "./losing.js";\nimport "./worker.js";\n');
    server = await serveFolder({ "/": folder, "/demo/": demo, "/wasm/": wasmFolder() });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["webgl", "WebGL2RenderingContext.drawElements", 20, "in a convolution"],
    ["webgl", "WebGL2RenderingContext.fenceSync", 1, "while its results are waited for"],
    ["webgpu", "GPUQueue.submit", 1, "in a convolution"],
    ["webgpu", "GPUBuffer.mapAsync", 1, "while its results are waited for"],
  ] as const)(
    "on %s (%s, call %i), %s, is told in one line, and the next photo is computed right",
    async (backend, of, call, _where) => {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.waitForFunction(() => "web" in globalThis);
      const result = await page.evaluate(
        async ({ backend, of, call }) => {
          const settings = { backend, wasmPaths: "wasm/", set: { "DATASET.imgSizes": 32 } };
          const createWorker = () => new Worker("losing-worker.js", { type: "module" });
          const segmenter = await web.createSegmenter({ ...settings, createWorker });
          const expected = await segmenter.segment("demo/china.jpg");
          const channel = new BroadcastChannel("lose");
          const armed = new Promise((resolve) => {
            channel.onmessage = resolve;
          });
          channel.postMessage({ of, call });
          await armed;
          const lost = await segmenter.segment("demo/china.jpg").then(
            () => "labels",
            ({ name, code, message }) => ({ name, code, message }),
          );
          const { labels } = await segmenter.segment("demo/china.jpg");
          const wrong = labels.filter((label, i) => label !== expected.labels[i]).length;
          segmenter.dispose();
          return { lost, wrong, engine: segmenter.engine.name, kinds: expected.classes.length };
        },
        { backend, of, call },
      );
      await page.close();
      expect(result.lost).toEqual({
        name: "BackendError",
        code: "engine-failed",
        message: expect.stringMatching(new RegExp(`^Engine ${backend} lost its GPU in .*: [^\n]*\\.$`)),
      });
      expect(result.kinds).toBeGreaterThan(1);
      expect(result).toMatchObject({ wrong: 0, engine: backend });
    },
  );
});
