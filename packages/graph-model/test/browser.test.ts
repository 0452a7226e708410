import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { describeEngines, expectLabels, tidyAsync } from "@seg/testing";
import type * as tfjs from "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GraphModelOptions, toGraphModel } from "../src/index.ts";
import { expectSame, image, randomized } from "./made-up.ts";
import { MODELS } from "./models.ts";
import { decoderOf, encoderOf, NUM_CLASSES } from "./networks.ts";

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const TFJS = createRequire(import.meta.url).resolve("@tensorflow/tfjs/dist/tf.min.js");
const PAGE = '<!DOCTYPE html><meta charset="utf-8"><script src="tf.min.js"></script>';

/** What a page that has only TensorFlow.js gives for an image. */
interface Given {
  outputs: { values: number[]; shape: number[]; dtype: tf.DataType }[];
  tensorsLeft: number;
}

describe.skipIf(!program)(`a page without these packages${program ? "" : " (skipped: there is no Chromium)"}`, () => {
  const served = new Map<string, Uint8Array>();
  const server = createServer((request, response) => {
    const file = served.get(request.url!);
    response.writeHead(file ? 200 : 404, { "content-type": request.url!.endsWith(".bin") ? "" : "text/html" });
    response.end(file);
  });
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    served.set("/", Buffer.from(PAGE));
    served.set("/tf.min.js", readFileSync(TFJS));
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    browser = await chromium.launch({
      executablePath: program!,
      args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise((closed) => server.close(closed));
  });

  /** Serves a graph model, and lets the page open it. */
  function given(models: tf.LayersModel | tf.LayersModel[], options: GraphModelOptions, x: tf.Tensor, engine: string) {
    for (const { name, chunks } of toGraphModel(models, { shardBytes: 2 ** 20, ...options }).files()) {
      served.set(`/model/${name}`, Buffer.concat([...chunks].map((chunk) => Buffer.from(chunk))));
    }
    const input = { values: Array.from(x.dataSync()), shape: x.shape, dtype: x.dtype as "float32" | "int32" };
    return page.evaluate(
      async ({ input, engine }): Promise<Given> => {
        const { tf } = globalThis as unknown as { tf: typeof tfjs };
        if (!(await tf.setBackend(engine))) throw new Error(`no ${engine}`);
        const before = tf.memory().numTensors;
        const graph = await tf.loadGraphModel("model/model.json");
        const x = tf.tensor(input.values, input.shape, input.dtype);
        const ys = [graph.predict(x)].flat() as tfjs.Tensor[];
        const outputs = await Promise.all(
          ys.map(async (y) => ({ values: Array.from(await y.data()), shape: y.shape, dtype: y.dtype })),
        );
        tf.dispose([x, ys]);
        graph.dispose();
        return { outputs, tensorsLeft: tf.memory().numTensors - before };
      },
      { input, engine },
    );
  }

  describeEngines("shows what the model gives", () => {
    for (const engine of ["cpu", "webgl"]) {
      for (const [name, build] of Object.entries(MODELS)) {
        it(`of ${name}, on ${engine}`, async () => {
          const model = randomized(build());
          const x = image([2, 11, 15, model.inputs[0]!.shape[3]!]);
          const { outputs, tensorsLeft } = await given(model, {}, x, engine);
          await tidyAsync(async () => {
            const [{ values, shape, dtype }] = outputs as [Given["outputs"][0]];
            await expectSame(tf.tensor(values, shape, dtype as "float32"), model.predict(x) as tf.Tensor);
          });
          expect(tensorsLeft).toBe(0);
          x.dispose();
          model.dispose();
        });
      }
    }

    it("and the labels of a photo that are the network's, in float16 nearly so", async () => {
      const [height, width] = [33, 41];
      const encoder = encoderOf("mobilenetv2dilated");
      const decoder = decoderOf("c1", encoder);
      const chain = [encoder.model, decoder];
      const normalize = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], scale: 1 / 255 };
      const bytes = tf.tidy(() => image([1, height, width, 3]).add(1).mul(127.5).toInt());
      const { data, shape } = tf.tidy(() => {
        const x = bytes.toFloat().mul(normalize.scale).sub(normalize.mean).div(normalize.std);
        const scores = decoder.predict(encoder.model.predict(x)) as tf.Tensor;
        return { data: scores.dataSync() as Float32Array, shape: scores.shape };
      });
      const map = { data, height: shape[1]!, width: shape[2]!, classes: NUM_CLASSES };
      for (const engine of ["cpu", "webgl"]) {
        const { outputs, tensorsLeft } = await given(chain, { output: "labels", normalize }, bytes, engine);
        expect(outputs.map(({ shape, dtype }) => [shape, dtype])).toEqual([[[1, height, width], "int32"]]);
        // Two engines' sums differ by some roundings of float32, as do the labels where two classes are that close.
        expectLabels(outputs[0]!.values, [map], [height, width], 300);
        expect(tensorsLeft).toBe(0);
      }
      const { outputs } = await given(chain, { output: "labels", normalize, half: true }, bytes, "webgl");
      expectLabels(outputs[0]!.values, [map], [height, width], 2 ** 13);
      bytes.dispose();
      encoder.model.dispose();
      decoder.dispose();
    });
  }, ["wasm"]);
});
