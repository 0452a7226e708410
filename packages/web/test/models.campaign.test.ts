import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage, writeImage } from "@seg/ade20k-data";
import { createSegmenter, exportModel, train } from "@seg/pipeline";
import { serveFolder, startBrowser, unlessChromium } from "@seg/testing/browser";
import { tinyDataset, tinySettings } from "@seg/testing/node";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type * as Web from "../src/index.ts";
import { buildPage, wasmFolder } from "./support/build-page.ts";

/** In the page, the package. */
declare const web: typeof Web;

/** What a model in a page says, as far as it is compared. */
interface Seen {
  engine: string;
  names: string[];
  colors: (readonly number[])[];
  labels: number[];
}

/** What a page does with the files of a model, dropped or at an address. */
async function inPage(page: Page, model: readonly string[] | string, options: Web.WebSegmenterOptions): Promise<Seen> {
  return page.evaluate(
    async ({ model, options }) => {
      const file = async (path: string) =>
        new File([await (await fetch(path)).blob()], decodeURIComponent(path.split("/").at(-1)!));
      const given = typeof model === "string" ? model : await Promise.all(model.map(file));
      const segmenter = await web.createSegmenter({ model: given, backend: "wasm", wasmPaths: "wasm/", ...options });
      const { labels } = await segmenter.segment("models/photo.png");
      segmenter.dispose();
      return {
        engine: segmenter.engine.name,
        names: segmenter.classes.map(({ name }) => name),
        colors: segmenter.classes.map(({ color }) => color),
        labels: [...labels],
      };
    },
    { model, options },
  );
}

describe.skipIf(unlessChromium)(`A model in a page${unlessChromium}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "seg-"));
  const at = (...path: string[]) => join(folder, ...path);
  let built: string;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    built = await buildPage();
    const { list, images } = await tinyDataset(at("data"));
    writeFileSync(
      at("names.json"),
      JSON.stringify([
        { name: "dark", color: [10, 20, 30] },
        { name: "bright", color: [200, 100, 50] },
      ]),
    );
    const { "DATASET.list_val": _, ...set } = tinySettings(list, at("trained"));
    await train({
      architecture: "mobilenetv2dilated-c1_deepsup",
      backend: "wasm",
      fromScratch: true,
      set: { ...set, "DATASET.classes": at("names.json"), "TRAIN.num_epoch": 1 },
    });
    await writeImage(at("photo.png"), await decodeImage(images[1]!));
    server = await serveFolder({ "/": built, "/wasm/": wasmFolder(), "/models/": folder });
    browser = await startBrowser();
    page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => "web" in globalThis);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    for (const made of [folder, built]) rmSync(made, { recursive: true, force: true });
  });

  const inFolder = (name: string) => readdirSync(at(name)).map((file) => `models/${name}/${file}`);

  it("of a trained folder has its classes, and gives the labels of Node's", async () => {
    const inNode = await createSegmenter({ folder: at("trained"), backend: "wasm" });
    const { labels } = await inNode.segment(at("photo.png"));
    inNode.dispose();
    expect(new Set(labels).size).toBe(2);
    const expected: Seen = {
      ...{ engine: "wasm", names: ["dark", "bright"] },
      colors: [
        [10, 20, 30],
        [200, 100, 50],
      ],
      labels: [...labels],
    };
    expect(await inPage(page, inFolder("trained"), {})).toEqual(expected);
    expect(await inPage(page, "models/trained", {})).toEqual(expected);
  });

  it.each(["pth", "safetensors"] as const)("of %s files is the same", async (format) => {
    const expected = await inPage(page, inFolder("trained"), {});
    await exportModel({ folder: at("trained"), format, out: at(format) });
    copyFileSync(at("trained", "classes.json"), at(format, "classes.json"));
    copyFileSync(at("trained", "config.yaml"), at(format, "config.yaml"));
    expect(readdirSync(at(format)).join()).toMatch(new RegExp(`decoder.*\\.${format},encoder.*\\.${format}`));
    expect(await inPage(page, inFolder(format), {})).toEqual(expected);
  });

  it("of an ONNX file runs on ONNX Runtime, and differs nowhere but where scores are equal in six digits", async () => {
    const expected = await inPage(page, inFolder("trained"), {});
    await exportModel({ folder: at("trained"), out: at("model.onnx") });
    const set = { "DATASET.num_class": 2, "DATASET.imgSizes": [21, 32] };
    const found = await inPage(page, ["models/model.onnx"], { set });
    expect(found.engine).toBe("onnxruntime");
    const wrong = found.labels.filter((label, i) => label !== expected.labels[i]).length;
    expect(wrong).toBeLessThanOrEqual(2);
    expect((await inPage(page, "models/model.onnx", { set })).labels).toEqual(found.labels);
    const beside = ["models/model.onnx", "models/trained/config.yaml", "models/trained/classes.json"];
    expect(await inPage(page, beside, {})).toEqual({ ...expected, engine: "onnxruntime", labels: found.labels });
  });

  it.each(["webgl", "webgpu"] as const)("computes on %s what it does on WebAssembly", async (backend) => {
    const expected = await inPage(page, inFolder("trained"), {});
    const found = await inPage(page, inFolder("trained"), { backend });
    expect(found.engine).toBe(backend);
    const wrong = found.labels.filter((label, i) => label !== expected.labels[i]).length;
    expect(wrong).toBeLessThanOrEqual(found.labels.length / 100);
  });

  it("of another site is loaded where that site allows it, and is named where it does not", async () => {
    const demo = { model: "", architecture: "mobilenetv2dilated-c1_deepsup", set: { "DATASET.num_class": 2 } };
    const failure = (model: string) =>
      page.evaluate(
        (options) =>
          web
            .createSegmenter({ ...options, backend: "wasm", wasmPaths: "wasm/" })
            .then((segmenter) => segmenter.engine.name)
            .catch(({ name, code, message }) => ({ name, code, message })),
        { ...demo, model },
      );
    const closed = await serveFolder({ "/": folder });
    const open = await serveFolder({ "/": folder }, { headers: { "Access-Control-Allow-Origin": "*" } });
    try {
      expect(await failure(`${open.url}trained/`)).toBe("wasm");
      expect(await failure(`${closed.url}trained/`)).toMatchObject({
        name: "WebError",
        code: "download",
        message: expect.stringMatching(/Access-Control-Allow-Origin/),
      });
    } finally {
      await closed.close();
      await open.close();
    }
  });
});
