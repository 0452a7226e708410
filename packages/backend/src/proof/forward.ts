import * as tf from "@tensorflow/tfjs";
import { expectValues } from "./convolutions.ts";
import { type Convolution, convolve, doubleBilinear, integerNoise, pairs, resultSize, zeros } from "./reference-ops.ts";

/** An operation on TF.js's current engine, and what it gives by plain loops. */
interface Case {
  compute: () => tf.Tensor;
  expected: number[];
}

/**
 * Proves that TF.js's current engine computes what networks are made of forward: convolutions plain, dilated, depthwise and both, a matrix product,
 * and bilinear resizing, against plain loops. It reads back without blocking, as WebGPU wants.
 *
 * @throws {Error} naming the operation that is wrong, or the engine's own.
 */
export async function proveForward(): Promise<void> {
  for (const [what, make] of Object.entries(CASES)) {
    const { compute, expected } = make();
    const y = tf.tidy(compute);
    try {
      expectValues(`result of ${what}`, Array.from(await y.data()), expected);
    } finally {
      y.dispose();
    }
  }
}

const SIZE = { size: 8, kernel: 3, dilation: 1, groups: 1 };

const CASES: Readonly<Record<string, () => Case>> = {
  "a convolution": () => convolution({ ...SIZE, channels: 3, filters: 4 }),
  "a dilated convolution": () => convolution({ ...SIZE, channels: 3, filters: 4, dilation: 2 }),
  "a depthwise convolution": () => convolution({ ...SIZE, channels: 4, filters: 4, groups: 4 }),
  "a dilated depthwise convolution": () => convolution({ ...SIZE, channels: 4, filters: 4, groups: 4, dilation: 2 }),
  "a matrix product": () => {
    const [n, k, m] = [3, 4, 5];
    const [a, b] = [integerNoise(n * k, 1), integerNoise(k * m, 2)];
    const expected = zeros(n * m);
    for (const [i, j] of pairs(n, m)) for (let l = 0; l < k; l++) expected[i * m + j]! += a[i * k + l]! * b[l * m + j]!;
    return { compute: () => tf.matMul(tf.tensor2d(a, [n, k]), tf.tensor2d(b, [k, m])), expected };
  },
  "bilinear resizing": () => {
    const x = integerNoise(9, 1);
    const [expected] = doubleBilinear(3, x, zeros(36));
    return { compute: () => tf.image.resizeBilinear(tf.tensor4d(x, [1, 3, 3, 1]), [6, 6], false, true), expected };
  },
};

function convolution(c: Convolution): Case {
  const isDepthwise = c.groups > 1;
  const side = resultSize(c);
  const wShape: [number, number, number, number] = [c.kernel, c.kernel, c.channels, isDepthwise ? 1 : c.filters];
  const x = integerNoise(c.size ** 2 * c.channels, 1);
  const w = integerNoise(
    wShape.reduce((a, b) => a * b),
    2,
  );
  const [expected] = convolve(c, x, w, zeros(side ** 2 * c.filters));
  const compute = () => {
    const [image, filter] = [tf.tensor4d(x, [1, c.size, c.size, c.channels]), tf.tensor4d(w, wShape)];
    const convolve = isDepthwise ? tf.depthwiseConv2d : tf.conv2d;
    return convolve(image, filter, 1, "valid", "NHWC", c.dilation);
  };
  return { compute, expected };
}
