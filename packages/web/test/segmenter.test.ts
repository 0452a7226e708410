import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage, writeImage } from "@seg/ade20k-data";
import { createSegmenter, DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline";
import { serveFolder, startBrowser, unlessChromium } from "@seg/testing/browser";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { examplesIn, expected } from "../../../tools/release-check/docstrings.mjs";
import type * as Web from "../src/index.ts";
import { buildPage, wasmFolder } from "./support/build-page.ts";

/** In the page, the package. */
declare const web: typeof Web;

const demo = fileURLToPath(new URL("../../pipeline/demo/", import.meta.url));

/** Values of a photo, some of them half transparent. */
const [width, height] = [40, 30];
const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 4)) % 256);

describe.skipIf(unlessChromium)(`A segmenter in a page${unlessChromium}`, () => {
  let photos: string;
  let folder: string;
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let page: Page;

  const open = async (url: string) => {
    const opened = await (await browser.newContext()).newPage();
    await opened.goto(url);
    await opened.waitForFunction(() => "web" in globalThis);
    // One on WebAssembly, small enough to be quick.
    await opened.evaluate(() => {
      const create = (options: Web.WebSegmenterOptions = {}) =>
        web.createSegmenter({ backend: "wasm", wasmPaths: "wasm/", set: { "DATASET.imgSizes": 32 }, ...options });
      const failure = (promise: Promise<unknown>) =>
        promise.then(
          () => undefined,
          (error) => ({ name: error.name, code: error.code, message: error.message, data: error.data }),
        );
      Object.assign(globalThis, { create, failure });
    });
    return opened;
  };

  beforeAll(async () => {
    photos = mkdtempSync(join(tmpdir(), "seg-"));
    folder = await buildPage();
    await writeImage(join(photos, "small.png"), { data: rgb, width, height });
    await writeImage(join(photos, "china.png"), await decodeImage(DEMO_PHOTO));
    writeFileSync(join(photos, "no.png"), "no photo");
    // Of a PNG only the head: 60 000 × 60 000.
    const head = readFileSync(join(photos, "small.png"));
    head.writeUInt32BE(60_000, 16);
    head.writeUInt32BE(60_000, 20);
    writeFileSync(join(photos, "huge.png"), head);
    const folders = { "/": folder, "/demo/": demo, "/wasm/": wasmFolder(), "/photos/": photos };
    server = await serveFolder(folders);
    browser = await startBrowser({ args: ["--host-resolver-rules=MAP insecure.test 127.0.0.1"] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    for (const made of [folder, photos]) rmSync(made, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await open(server.url);
  });
  afterEach(async () => {
    await page.context().close();
  });

  it("gives the labels of Node's, of pixels, of a PNG and of a JPEG, on WebAssembly", async () => {
    const image = await decodeImage(DEMO_PHOTO);
    const inNode = await createSegmenter({ ...DEMO_MODEL, backend: "wasm" });
    const { labels, classes } = await inNode.segment(image);
    inNode.dispose();
    const found = await page.evaluate(
      async ({ labels, values, width, height }) => {
        const segmenter = await web.createSegmenter({ backend: "wasm", wasmPaths: "wasm/" });
        const pixels = { data: Uint8Array.from(values), width, height };
        const results = [];
        for (const photo of [pixels, "photos/china.png", "demo/china.jpg"]) {
          const { image, ...segmentation } = await segmenter.segment(photo);
          results.push({
            values: values.reduce((count, value, i) => count + Number(image.data[i] !== value), 0),
            labels: labels.reduce((count, label, i) => count + Number(segmentation.labels[i] !== label), 0),
            classes: segmentation.classes,
            size: [segmentation.width, segmentation.height, segmentation.labels.length],
          });
        }
        segmenter.dispose();
        return { results, engine: segmenter.engine, known: segmenter.classes.length };
      },
      { labels: [...labels], values: [...image.data], width: image.width, height: image.height },
    );
    expect(found.engine).toEqual({ name: "wasm", reasons: [] });
    expect(found.known).toBe(150);
    const same = { values: 0, labels: 0, classes, size: [image.width, image.height, labels.length] };
    // Both decode JPEGs by libjpeg-turbo; other browsers' decoders may differ by a unit.
    expect(found.results).toEqual([same, same, same]);
  });

  it("does what the docstrings' examples for pages say", async () => {
    const source = new URL("../src/segmenter/create-segmenter.ts", import.meta.url);
    const examples = examplesIn(readFileSync(source, "utf8")).filter(({ inPage }) => inPage);
    expect(examples).toHaveLength(1);
    for (const { code } of examples) {
      const printed = await page.evaluate(
        async (body) => {
          const lines: string[] = [];
          const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
          await new AsyncFunction("console", body)({ log: (...values: unknown[]) => lines.push(values.join(" ")) });
          return lines;
        },
        code.replace(/^import (.*) from "@seg\/web";$/m, "const $1 = web;"),
      );
      expect(printed).toEqual(expected(code));
    }
  });

  it("does what the README's example says", async () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const [, example = "", printed] =
      /```js fragment\nimport \{ createSegmenter \} from "@seg\/web";\n(.*?)```\n\n```\n(.*?)```/s.exec(readme)!;
    const lines: string[] = [];
    page.on("console", (message) => lines.push(`${message.text()}\n`));
    await page.evaluate(`(async () => { const { createSegmenter } = web; ${example} })()`);
    expect(lines.join("")).toBe(printed);
  });

  it("takes a photo in every form, and gives the same of each", async () => {
    const results = await page.evaluate(async () => {
      const segmenter = await create();
      const blob = await (await fetch("photos/small.png")).blob();
      const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
      const picture = new Image();
      picture.src = "photos/small.png";
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
      const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = offscreen.getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const data = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const file = new File([blob], "a.png");
      const address = new URL("photos/small.png", location.href);
      const seen: number[][] = [];
      for (const photo of [blob, file, bitmap, picture, canvas, offscreen, data, address, "photos/small.png"]) {
        const { image, labels } = await segmenter.segment(photo, { onProgress: (...at) => seen.push(at) });
        const again = segmenter.segment(photo, { scores: true });
        const { scores, mask, classes } = await again;
        const rows = [...scores!.rows()];
        seen.push([
          rows.length,
          rows[0]!.length,
          mask(classes[0]!.index).data.filter(Boolean).length / labels.length - classes[0]!.share,
        ]);
        seen.push([...image.data], [...labels]);
      }
      return seen;
    });
    expect(results).toHaveLength(9 * 4);
    for (let i = 0; i < results.length; i += 4) {
      expect(results[i]).toEqual([1, 1]);
      expect(results[i + 1]).toEqual([height, width * 150, expect.closeTo(0, 6)]);
      expect(results[i + 2]).toEqual([...rgb]);
      expect(results[i + 3]).toEqual(results[3]);
    }
  });

  it("takes a video's current frame", async () => {
    const size = await page.evaluate(async () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [64, 48];
      const context = canvas.getContext("2d")!;
      const video = document.createElement("video");
      video.muted = true;
      video.srcObject = canvas.captureStream();
      const drawing = setInterval(() => context.fillRect(0, 0, 64, 48), 20);
      await video.play();
      const segmenter = await create();
      const { width, height } = await segmenter.segment(video);
      clearInterval(drawing);
      return [width, height];
    });
    expect(size).toEqual([64, 48]);
  });

  it("drops alpha and turns by EXIF as Node does, and applies no colour profile", async () => {
    const { encode } = await import("fast-png");
    const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? i % 251 : rgb[i % rgb.length]!,
    );
    const png = encode({ data: rgba, width, height, channels: 4, depth: 8 });
    await writeImage(join(photos, "turned.jpg"), { data: rgb.map((value) => value >> 4), width, height });
    const jpeg = readFileSync(join(photos, "turned.jpg"));
    // EXIF with one entry: orientation 6, a quarter turn.
    const exif = Buffer.from("ffe1002245786966000049492a00080000000100120103000100000006000000" + "00000000", "hex");
    const turned = Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]);
    for (const bytes of [png, turned]) {
      const expected = await decodeImage(bytes);
      const image = await page.evaluate(
        async (bytes) => {
          const { image } = await (await create()).segment(new Blob([Uint8Array.from(bytes)]));
          return { ...image, data: [...image.data] };
        },
        [...bytes],
      );
      expect([image.width, image.height]).toEqual([expected.width, expected.height]);
      expect(image.data).toEqual([...expected.data]);
    }
  });

  it("says in one typed line what is wrong with a photo, and goes on", async () => {
    const other = await serveFolder({ "/": photos });
    const errors = await page.evaluate(async (elsewhere) => {
      const segmenter = await create();
      const tainted = document.createElement("canvas");
      const picture = new Image();
      picture.src = elsewhere;
      await picture.decode();
      tainted.getContext("2d")!.drawImage(picture, 0, 0);
      const wrong: [string, Web.WebPhoto][] = [
        ["no photo", "photos/no.png"],
        ["too large", "photos/huge.png"],
        ["not there", "photos/none.png"],
        ["another site's canvas", tainted],
        ["another site's picture", picture],
        ["no pixels", { data: new Uint8Array(5), width: 2, height: 2 }],
        ["nothing", undefined as never],
        ["an empty video", document.createElement("video")],
      ];
      const results = [];
      for (const [what, photo] of wrong) results.push([what, await failure(segmenter.segment(photo))]);
      return [...results, ["afterwards", (await segmenter.segment("photos/small.png")).width]];
    }, `${other.url}small.png`);
    await other.close();
    const error = (name: string, code: string, message: RegExp) => ({
      ...{ name, code },
      message: expect.stringMatching(message),
      data: expect.anything(),
    });
    expect(Object.fromEntries(errors as [string, unknown][])).toEqual({
      "no photo": error("DataError", "not-an-image", /no\.png/),
      "too large": error("DataError", "bad-size", /at most 178956970 pixels .*huge\.png has 60000×60000/),
      "not there": error("WebError", "download", /none\.png/),
      "another site's canvas": error("WebError", "cross-origin", /crossorigin/),
      "another site's picture": error("WebError", "cross-origin", /crossorigin/),
      "no pixels": error("DataError", "option", /5 values for 2×2/),
      nothing: error("DataError", "option", /undefined/),
      "an empty video": error("WebError", "option", /nothing yet/),
      afterwards: 40,
    });
  });

  it("keeps weights, checks them, and fetches anew what is not whole", async () => {
    const fetched = () => server.requests.splice(0).filter(({ path }) => /demo\/.*safetensors/.test(path)).length;
    const run = () => page.evaluate(async () => (await (await create()).segment("photos/small.png")).labels.length);
    fetched();
    expect(await run()).toBe(width * height);
    expect(fetched()).toBe(2);
    const sizes = await page.evaluate(async () => {
      const sizes = [];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) sizes.push((await (await cache.match(request))!.blob()).size);
      }
      return sizes;
    });
    expect(sizes.sort()).toEqual([3709800, 742320].sort());
    // Two questions whether they are still the same, and no bodies.
    const bodies: number[] = [];
    page.on("response", async (response) => {
      if (/safetensors/.test(response.url()) && response.request().method() === "GET") bodies.push(response.status());
    });
    expect(await run()).toBe(width * height);
    expect(bodies).toEqual([]);
    await page.evaluate(async () => {
      const [name] = await caches.keys();
      const cache = await caches.open(name!);
      const request = (await cache.keys()).find(({ url }) => url.includes("encoder_"))!;
      const { headers } = (await cache.match(request))!;
      await cache.put(request, new Response(new Uint8Array(3709800), { headers }));
    });
    expect(await run()).toBe(width * height);
    expect(bodies).toEqual([200]);
  });

  it("works where the browser keeps nothing: in a page that is no secure context", async () => {
    const insecure = await open(server.url.replace("127.0.0.1", "insecure.test"));
    const [secure, length] = await insecure.evaluate(async () => [
      isSecureContext,
      (await (await create()).segment("photos/small.png")).labels.length,
    ]);
    expect([secure, length]).toEqual([false, width * height]);
    await insecure.context().close();
  });

  it("takes dropped files: a trained folder with its configuration, or the two halves", async () => {
    const result = await page.evaluate(async () => {
      const file = async (name: string, as = name) => new File([await (await fetch(`demo/${name}`)).blob()], as);
      const config = new File(
        [
          "MODEL:\n  arch_encoder: mobilenetv2dilated\n  arch_decoder: c1_deepsup\nDATASET:\n  imgSizes: 48\nFORK:\n  x: 1\n",
        ],
        "config.yaml",
      );
      const halves = [
        await file("encoder_epoch_1.safetensors", "encoder_epoch_7.safetensors"),
        await file("decoder_epoch_1.safetensors", "decoder_epoch_7.safetensors"),
      ];
      const trained = await create({ model: [config, ...halves], set: {} });
      const two = await create({ model: halves, architecture: "mobilenetv2dilated-c1_deepsup" });
      return {
        sizes: [trained.config.DATASET.imgSizes, two.config.DATASET.imgSizes],
        labels: [
          (await trained.segment("photos/small.png")).labels.length,
          (await two.segment("photos/small.png")).labels.length,
        ],
        missing: await failure(create({ model: halves.slice(0, 0) })),
        half: await failure(create({ model: [halves[1]!], architecture: "mobilenetv2dilated-c1_deepsup" })),
        classes: await failure(
          create({ model: halves, architecture: "mobilenetv2dilated-c1_deepsup", set: { "DATASET.num_class": 11 } }),
        ),
        key: await failure(create({ set: { "DATASET.imgSize": 1 } })),
        empty: await failure(create({ model: "photos/" })),
        engine: await failure(create({ backend: "webgp" as never })),
      };
    });
    expect(result.sizes).toEqual([[48], [32]]);
    expect(result.labels).toEqual([width * height, width * height]);
    expect(result.missing).toMatchObject({ name: "WebError", code: "option" });
    expect(result.half).toMatchObject({ name: "CheckpointError", code: "mismatch" });
    expect(result.classes).toMatchObject({
      name: "PipelineError",
      code: "config",
      data: { key: "DATASET.num_class", expected: 150 },
    });
    expect(result.key).toMatchObject({ name: "PipelineError", code: "config", data: { nearest: "DATASET.imgSizes" } });
    expect(result.empty).toMatchObject({ name: "WebError", code: "model" });
    expect(result.engine).toMatchObject({ name: "WebError", code: "option", data: { option: "backend" } });
  });

  it("stops when it is told to, is replaced when it dies, and ends when it is disposed", async () => {
    const result = await page.evaluate(async () => {
      const workers: Worker[] = [];
      const createWorker = () => {
        const worker = new Worker("worker.js", { type: "module" });
        workers.push(worker);
        return worker;
      };
      const loading = new AbortController();
      const stopped = failure(create({ createWorker, signal: loading.signal, onProgress: () => loading.abort() }));
      const first = (await stopped)?.name;
      const segmenter = await create({ createWorker });
      const working = new AbortController();
      // The last scale is done, but not yet the labels: their message is on its way.
      const onProgress = () => working.abort();
      const photo = failure(segmenter.segment("photos/china.png", { signal: working.signal, onProgress }));
      const second = (await photo)?.name;
      const third = (await segmenter.segment("photos/small.png")).labels.length;
      const dying = failure(segmenter.segment("photos/china.png"));
      setTimeout(() => workers.at(-1)!.terminate(), 1);
      const fourth = await dying;
      const fifth = (await segmenter.segment("photos/small.png")).labels.length;
      const ended = failure(segmenter.segment("photos/china.png", { onProgress: () => segmenter.dispose() }));
      const sixth = [(await ended)?.code, (await failure(segmenter.segment("photos/small.png")))?.code];
      const lost = await failure(create({ createWorker: () => new Worker("none.js", { type: "module" }) }));
      return { first, second, third, fourth, fifth, sixth, lost, workers: workers.length };
    });
    expect(result).toEqual({
      first: "AbortError",
      second: "AbortError",
      third: width * height,
      fourth: expect.objectContaining({ name: "WebError", code: "worker" }),
      fifth: width * height,
      sixth: ["option", "option"],
      lost: expect.objectContaining({ name: "WebError", code: "worker" }),
      workers: 3,
    });
  });
});

declare const create: (options?: Web.WebSegmenterOptions) => Promise<Web.WebSegmenter>;
declare const failure: (
  promise: Promise<unknown>,
) => Promise<{ name: string; code: string; message: string; data: Record<string, unknown> } | undefined>;
