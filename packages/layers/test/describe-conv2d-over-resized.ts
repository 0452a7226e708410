import { describeEngines, type Engine, tidyAsync } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import type { Pair } from "../src/index.ts";
import { conv2d, conv2dOverResized, resizeBilinear } from "../src/ops/index.ts";
import { madeUp } from "./made-up.ts";

async function expectClose(actual: tf.Tensor, expected: tf.Tensor): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  const [a, b] = (await Promise.all([actual.data(), expected.data()])) as [Float32Array, Float32Array];
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
  expect(worst / scale).toBeLessThan(1e-5);
}

/** The suite on the engines named. */
export function describeConv2dOverResized(engines: readonly Engine[]): void {
  describeEngines(
    "a convolution over resized images",
    () => {
      const cases: { title: string; shapes: [number, number, number, number][]; kernel: number; padding: Pair }[] = [
        {
          title: "a pyramid's cells",
          shapes: [
            [2, 11, 13, 5],
            [2, 1, 1, 40],
            [2, 2, 2, 40],
            [2, 3, 3, 40],
          ],
          kernel: 3,
          padding: [1, 1],
        },
        {
          title: "halves of the size",
          shapes: [
            [1, 12, 16, 4],
            [1, 6, 8, 60],
            [1, 3, 4, 60],
          ],
          kernel: 3,
          padding: [1, 1],
        },
        {
          title: "images of the same size",
          shapes: [
            [2, 5, 6, 3],
            [2, 5, 6, 2],
          ],
          kernel: 3,
          padding: [1, 1],
        },
        {
          title: "a window of one pixel",
          shapes: [
            [1, 9, 9, 3],
            [1, 3, 3, 50],
          ],
          kernel: 1,
          padding: [0, 0],
        },
        {
          title: "no padding",
          shapes: [
            [1, 9, 8, 3],
            [1, 2, 2, 50],
          ],
          kernel: 3,
          padding: [0, 0],
        },
      ];
      for (const { title, shapes, kernel, padding } of cases) {
        it(`of ${title} is the convolution of their concatenation, and so are its gradients`, async () => {
          await tidyAsync(async () => {
            const xs = shapes.map((shape, i) => madeUp(`${title}.${i}`, shape));
            const channels = shapes.reduce((sum, shape) => sum + shape[3], 0);
            const filter = madeUp(`${title}.w`, [kernel, kernel, channels, 6]);
            const size: Pair = [shapes[0]![1], shapes[0]![2]];
            const plain = (...inputs: tf.Tensor[]) => {
              const [w, ...images] = inputs as [tf.Tensor4D, ...tf.Tensor4D[]];
              return conv2d(
                tf.concat(
                  images.map((x) => resizeBilinear(x, size)),
                  3,
                ),
                w,
                { padding },
              );
            };
            const fast = (...inputs: tf.Tensor[]) => {
              const [w, ...images] = inputs as [tf.Tensor4D, ...tf.Tensor4D[]];
              return conv2dOverResized(images, w, padding);
            };
            await expectClose(fast(filter, ...xs), plain(filter, ...xs));
            const g = madeUp(`${title}.g`, plain(filter, ...xs).shape);
            const gradients = (f: typeof plain) =>
              tf.grads((...inputs: tf.Tensor[]) =>
                f(...inputs)
                  .mul(g)
                  .sum()
                  .asScalar(),
              )([filter, ...xs]);
            const expected = gradients(plain);
            for (const [i, gradient] of gradients(fast).entries()) await expectClose(gradient, expected[i]!);
          });
        });
      }

      it("refuses a filter for another number of channels", () => {
        tf.tidy(() => {
          expect(() => conv2dOverResized([madeUp("x", [1, 4, 4, 3])], madeUp("w", [3, 3, 2, 1]))).toThrow(
            /for 3 channels/,
          );
        });
      });
    },
    engines,
  );
}
