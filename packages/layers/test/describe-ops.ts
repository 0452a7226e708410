import {
  describeEngines,
  type Engine,
  expectSampled,
  reference,
  type SampledTensor,
  tidyAsync,
  uniform,
} from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import type { Pair } from "../src/index.ts";
import { adaptiveAvgPool2d, conv2d, maxPool2d, resizeBilinear } from "../src/ops/index.ts";

interface Meta {
  op: "conv2d" | "bilinear" | "adaptive_avg_pool2d" | "max_pool2d";
  stride: number;
  padding: number;
  dilation: number;
  groups: number;
  size: Pair;
  bins: number;
  kernel: number;
}

interface Case {
  meta: Meta;
  inputs: number[][];
  output: SampledTensor;
  grads: SampledTensor[];
}

const operations: Record<Meta["op"], (meta: Meta, x: tf.Tensor4D, w: tf.Tensor4D) => tf.Tensor4D> = {
  conv2d: ({ stride, padding, dilation, groups }, x, w) =>
    conv2d(x, w, { strides: stride, padding, dilations: dilation, groups }),
  bilinear: ({ size }, x) => resizeBilinear(x, size),
  adaptive_avg_pool2d: ({ bins }, x) => adaptiveAvgPool2d(x, bins),
  max_pool2d: ({ kernel, stride, padding }, x) => maxPool2d(x, { kernelSize: kernel, strides: stride, padding }),
};

/** A made-up NCHW tensor as NHWC; a made-up OIHW filter as HWIO. */
function madeUp(key: string, shape: number[], scale: number, order: number[]): tf.Tensor4D {
  const count = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from(uniform(key, count, (u) => (u - 0.5) * scale));
  return tf.tensor4d(values, shape as [number, number, number, number]).transpose(order);
}

const toNhwc = [0, 2, 3, 1];
const toHwio = [2, 3, 1, 0];
const toOihw = [3, 2, 0, 1];

const cases = reference<Record<string, Case>>("ops.json");

/** The reference's cases on the engines named. */
export function describeOps(engines: readonly Engine[]): void {
  describe("the original's operations", () => {
    describeEngines(
      "outputs and gradients",
      () => {
        for (const [name, { meta, inputs, output, grads }] of Object.entries(cases)) {
          it(`of ${name} are the reference's`, async () => {
            await tidyAsync(async () => {
              const x = madeUp(`op.${name}.x`, inputs[0]!, 4, toNhwc);
              const w = inputs[1] ? madeUp(`op.${name}.w`, inputs[1], 1, toHwio) : x;
              const run = (x: tf.Tensor, w: tf.Tensor) => operations[meta.op](meta, x as tf.Tensor4D, w as tf.Tensor4D);
              const y = run(x, w);
              expectSampled(await y.data(), output, 1e-5);
              const g = madeUp(`op.${name}.g`, output.shape, 2, toNhwc);
              const loss = (x: tf.Tensor, w: tf.Tensor) => run(x, w).mul(g).sum().asScalar();
              if (!inputs[1]) {
                const dx = tf.grad((x: tf.Tensor) => loss(x, w))(x);
                expectSampled(await dx.data(), grads[0]!, 1e-5);
                return;
              }
              const [dx, dw] = tf.grads(loss)([x, w]) as [tf.Tensor, tf.Tensor];
              expect(dw.shape).toEqual(w.shape);
              expectSampled(await dx.data(), grads[0]!, 1e-5);
              expectSampled(await dw.transpose(toOihw).data(), { ...grads[1]!, shape: [dw.size] }, 1e-5);
            });
          });
        }
      },
      engines,
    );
  });
}
