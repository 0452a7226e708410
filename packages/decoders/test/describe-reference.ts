import { buildEncoder, type EncoderName, type FEATURE_INFO } from "@seg/encoders";
import { inferenceModel } from "@seg/layers";
import { resizeBilinear } from "@seg/layers/ops";
import {
  describeEngines,
  type Engine,
  expectSampled,
  fillMadeUp,
  reference,
  type SampledTensor,
  tidyAsync,
  uniform,
} from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { buildDecoder, type DecoderName, type RequiredFeatures } from "../src/index.ts";

interface Pair {
  name: string;
  encoder: EncoderName;
  decoder: DecoderName;
  num_class: number;
  input: number[];
  params_encoder: number;
  params_decoder: number;
  features: SampledTensor[];
  log_softmax: SampledTensor[];
  seg_size: [number, number];
  softmax: SampledTensor;
  argmax: { shape: number[]; histogram: Record<string, number> };
}

const pairs = reference<Pair[]>("models.json");

/** The deepest networks lose more to float32; the reference's README gives both bounds. */
const tolerance = (encoder: EncoderName) => (/101|hrnet/.test(encoder) ? 1e-3 : 1e-4);

const trainableParameters = (model: tf.LayersModel) =>
  model.trainableWeights.reduce((sum, { shape }) => sum + (shape as number[]).reduce((a, b) => a * b, 1), 0);

/** Tests on each engine named with the pairs chosen for it. */
export function describeReference(chosen: Partial<Record<Engine, (pair: string) => boolean>>): void {
  const engines = Object.keys(chosen) as Engine[];
  describe("the original's models", () => {
    describeEngines(
      "parameters, features and scores",
      (engine) => {
        for (const pair of pairs) {
          if (!chosen[engine]!(pair.name)) continue;
          it(`of ${pair.name} are the reference's`, async () => {
            const encoder = buildEncoder(pair.encoder, { weights: "zeros" });
            const features = encoder.featureInfo as (typeof FEATURE_INFO)[EncoderName] as RequiredFeatures[DecoderName];
            const decoder = buildDecoder(pair.decoder, features, { weights: "zeros", numClasses: pair.num_class });
            expect(trainableParameters(encoder.model)).toBe(pair.params_encoder);
            expect(trainableParameters(decoder.model)).toBe(pair.params_decoder);
            fillMadeUp(encoder.model, "encoder", tf.tensor);
            fillMadeUp(decoder.model, "decoder", tf.tensor);
            const inference = inferenceModel([encoder.model, decoder.model], [0]);
            await tidyAsync(async () => {
              const bound = tolerance(pair.encoder);
              const count = pair.input.reduce((a, b) => a * b, 1);
              const image = tf
                .tensor(Float32Array.from(uniform("image", count, (u) => (u - 0.5) * 4)), pair.input)
                .transpose([0, 2, 3, 1]);
              const [folded] = inference.predict(image) as [tf.Tensor4D];
              expectSampled(await tf.logSoftmax(folded).data(), pair.log_softmax[0]!, bound);
              // The rest is of the same kernels, and takes a driver without a GPU half a minute.
              if (engine === "webgpu") return;
              const maps = [encoder.model.predict(image)].flat() as tf.Tensor[];
              expect(maps.length).toBe(pair.features.length);
              for (const [i, map] of maps.entries()) {
                expectSampled(await map.data(), pair.features[i]!, bound);
                expect(map.shape[3]).toBe(encoder.featureInfo[i]!.channels);
                expect(map.shape[1]! * encoder.featureInfo[i]!.stride).toBe(image.shape[1]);
              }
              const scores = [decoder.model.predict(maps)].flat() as tf.Tensor4D[];
              expect(scores.length).toBe(pair.log_softmax.length);
              for (const [i, score] of scores.entries()) {
                expectSampled(await tf.logSoftmax(score).data(), pair.log_softmax[i]!, bound);
              }
              const resized = tf.softmax(resizeBilinear(folded, pair.seg_size));
              expectSampled(await resized.data(), pair.softmax, bound);
              const histogram = new Map<string, number>();
              for (const label of await tf.argMax(resized, 3).data()) {
                histogram.set(`${label}`, (histogram.get(`${label}`) ?? 0) + 1);
              }
              const pixels = resized.size / pair.num_class;
              const moved = Object.entries(pair.argmax.histogram).reduce(
                (sum, [label, n]) => sum + Math.abs(n - (histogram.get(label) ?? 0)),
                0,
              );
              // Where two classes tie, rounding decides.
              expect(moved / pixels).toBeLessThanOrEqual(1e-3);
            });
            inference.dispose();
            encoder.model.dispose();
            decoder.model.dispose();
          });
        }
      },
      engines,
    );
  });
}
