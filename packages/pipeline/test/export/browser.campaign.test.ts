import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join, normalize } from "node:path";
import { decodeImage } from "@seg/ade20k-data";
import { networkInputs, scaleOptions } from "@seg/segmenter";
import { temporaryFolder } from "@seg/testing/node";
import type * as tfjs from "@tensorflow/tfjs";
import type * as onnxruntime from "onnxruntime-web";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { DEMO_MODEL, DEMO_PHOTO, loadConfig } from "../../src/config/index.ts";
import { exportModel } from "../../src/export/index.ts";
import { createSegmenter } from "../../src/segment/index.ts";

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const require = createRequire(import.meta.url);
const TFJS = require.resolve("@tensorflow/tfjs/dist/tf.min.js");
const ORT = dirname(require.resolve("onnxruntime-web"));
const PAGE =
  '<!DOCTYPE html><meta charset="utf-8"><script src="/tf.min.js"></script><script src="/ort/ort.wasm.min.js"></script>';

const TYPES: Readonly<Record<string, string>> = {
  mjs: "text/javascript",
  js: "text/javascript",
  wasm: "application/wasm",
};

/** Serves a folder, the libraries and a page that has nothing else. */
async function serve(folder: string) {
  const server = createServer(({ url }, response) => {
    const path = normalize(url!);
    const file =
      path === "/tf.min.js"
        ? TFJS
        : path.startsWith("/ort/")
          ? join(ORT, path.slice("/ort/".length))
          : join(folder, path);
    const body = path === "/" ? PAGE : existsSync(file) ? readFileSync(file) : undefined;
    const type = path === "/" ? "text/html" : (TYPES[path.split(".").at(-1)!] ?? "application/octet-stream");
    response.writeHead(body ? 200 : 404, { "content-type": type });
    response.end(body);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => new Promise((closed) => server.close(closed)) };
}

describe.skipIf(!program)(`A page without these packages${program ? "" : " (skipped: there is no Chromium)"}`, () => {
  it("labels a photo by exported files as the segmenter does, on TensorFlow.js and on ONNX Runtime", async () => {
    const folder = temporaryFolder();
    await exportModel({ ...DEMO_MODEL, format: "tfjs", out: join(folder, "model") });
    await exportModel({ ...DEMO_MODEL, format: "onnx", layout: "nhwc", out: join(folder, "model.onnx") });
    const { config } = loadConfig({
      cfg: DEMO_MODEL.config,
      flags: Object.entries(DEMO_MODEL.set).map(([key, value]) => ({ key, value, origin: "" })),
    });
    const photo = await decodeImage(DEMO_PHOTO);
    const [image] = networkInputs(photo, scaleOptions(config, config.DATASET.imgSizes));
    const input = { values: Array.from(image!.data), size: [image!.height, image!.width] as [number, number] };
    const size: [number, number] = [photo.height, photo.width];

    const server = await serve(folder);
    const browser = await chromium.launch({ executablePath: program!, args: ["--no-sandbox"] });
    const labels: Record<string, number[]> = {};
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      for (const runtime of ["tfjs", "onnx"]) {
        labels[runtime] = await page.evaluate(
          async ({ runtime, input, size }) => {
            const { tf, ort } = globalThis as unknown as { tf: typeof tfjs; ort: typeof onnxruntime };
            await tf.setBackend("cpu");
            const shape = [1, ...input.size, 3] as [number, number, number, number];
            const scores = async (): Promise<tfjs.Tensor4D> => {
              if (runtime === "tfjs") {
                const graph = await tf.loadGraphModel("model/model.json");
                return graph.predict(tf.tensor4d(input.values, shape)) as tfjs.Tensor4D;
              }
              ort.env.wasm.wasmPaths = "/ort/";
              ort.env.wasm.numThreads = 1;
              const session = await ort.InferenceSession.create("model.onnx");
              const image = new ort.Tensor("float32", Float32Array.from(input.values), shape);
              const { data, dims } = (await session.run({ image })).scores as onnxruntime.TypedTensor<"float32">;
              return tf.tensor4d(data, dims as [number, number, number, number]);
            };
            return Array.from(
              tf.image
                .resizeBilinear(await scores(), size, false, true)
                .argMax(-1)
                .dataSync(),
            );
          },
          { runtime, input, size },
        );
      }
    } finally {
      await browser.close();
      await server.close();
    }

    const segmenter = await createSegmenter({ ...DEMO_MODEL });
    const { labels: expected } = await segmenter.segment(DEMO_PHOTO);
    segmenter.dispose();
    for (const [runtime, found] of Object.entries(labels)) {
      expect(found.length, runtime).toBe(expected.length);
      const same = found.filter((label, pixel) => label === expected[pixel]).length;
      expect(same / expected.length, runtime).toBeGreaterThanOrEqual(0.999);
    }
  });
});
