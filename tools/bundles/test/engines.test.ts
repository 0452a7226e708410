import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveFolder, startBrowser, unlessChromium } from "@seg/testing/browser";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import check from "../apps/train/expected.mjs";

const WASM = join(
  dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")),
  "dist",
);

/** What the page gives of the training. */
type Trained = Parameters<typeof check>[0];

interface Result extends Trained {
  engine: { name: string; device: string; threads: number; unavailable: { name: string; reason: string }[] };
}

describe.skipIf(unlessChromium)(`the engines of a page${unlessChromium}`, () => {
  let folder: string;
  let browser: Browser;
  let plain: Awaited<ReturnType<typeof serveFolder>>;
  let isolated: typeof plain;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "seg-"));
    await build({
      entryPoints: [fileURLToPath(new URL("../apps/train/main.mjs", import.meta.url))],
      outdir: folder,
      bundle: true,
      splitting: true,
      format: "esm",
      conditions: ["@seg/source", "browser"],
      logLevel: "silent",
    });
    writeFileSync(join(folder, "index.html"), '<!DOCTYPE html><script type="module" src="./main.js"></script>');
    cpSync(WASM, join(folder, "wasm"), { recursive: true });
    plain = await serveFolder(folder);
    isolated = await serveFolder(folder, { isolated: true });
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await plain?.close();
    await isolated?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The app's result for options in the address; what a script changes before is changed. */
  async function resultOf(query: string, { server = plain, before = "" } = {}): Promise<Result> {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      if (before) await page.addInitScript(before);
      await page.goto(server.url + query);
      return await page.evaluate(() => (globalThis as unknown as { result: Promise<Result> }).result);
    } finally {
      await context.close();
    }
  }

  it.each([
    ["webgpu", "?engine=webgpu"],
    ["webgl", "?engine=webgl"],
    ["wasm", "?engine=wasm&wasmPaths=wasm"],
    ["cpu", "?engine=cpu"],
  ])("%s trains, saves and loads a small network as plain JavaScript in Node does", async (name, query) => {
    const result = await resultOf(query);
    expect(result.engine).toMatchObject({ name, unavailable: [] });
    await check(result);
  });

  it("auto passes over GPUs that are the processor, and says so, and takes WebAssembly", async () => {
    const { engine } = await resultOf("?wasmPaths=wasm/");
    expect(engine.name).toBe("wasm");
    expect(engine.unavailable.map(({ name }) => name)).toEqual(["webgpu", "webgl"]);
    for (const { reason } of engine.unavailable) expect(reason).toMatch(/\(software\) is no GPU/);
  });

  it("a browser without WebGPU and WebGL says so of both", async () => {
    const before = `Object.defineProperty(Navigator.prototype, "gpu", { value: undefined });
      for (const Canvas of [HTMLCanvasElement, OffscreenCanvas]) Canvas.prototype.getContext = () => null;`;
    const { engine } = await resultOf("?wasmPaths=wasm/", { before });
    expect(engine.unavailable.map(({ name }) => name)).toEqual(["webgpu", "webgl"]);
    expect(engine.unavailable.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^there is no WebGPU here/),
      expect.stringMatching(/^there is no WebGL here/),
    ]);
  });

  it("WebAssembly has threads where the page is cross-origin isolated, and computes the same", async () => {
    // TF.js takes half of the cores at most, which would be one here.
    const before = 'Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { value: 12 })';
    const result = await resultOf("?engine=wasm&threads=2&wasmPaths=wasm/", { server: isolated, before });
    expect(result.engine.threads).toBe(2);
    await check(result);
  });

  it("an engine that computes wrong numbers is passed over", async () => {
    // A driver that clears where it should draw.
    const before = `WebGL2RenderingContext.prototype.drawElements = WebGL2RenderingContext.prototype.drawArrays = () => {};`;
    await expect(resultOf("?engine=webgl", { before })).rejects.toThrow(
      /Engine webgl starts but cannot do this work: its result of a convolution is wrong/,
    );
  });

  it("WebAssembly's files that are not where they should be are asked for by the option's name", async () => {
    await expect(resultOf("?engine=wasm&wasmPaths=elsewhere/")).rejects.toThrow(
      /Engine wasm cannot start: .*wasmPaths/,
    );
  });

  it("options that there are not, and engines of Node, are refused with the way out", async () => {
    await expect(resultOf("?wasmPath=x")).rejects.toThrow(/wasmPaths/);
    await expect(resultOf("?engine=tensorflow")).rejects.toThrow(/auto, webgpu, webgl, wasm, cpu/);
  });
});
