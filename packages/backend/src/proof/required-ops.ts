import { CONVOLUTIONS, expectValues } from "./convolutions.ts";
import { type RawBinding, RawTensorflow } from "./raw-tensorflow.ts";
import { doubleBilinear, integerNoise, pairs, zeros } from "./reference-ops.ts";

const EPSILON = 1e-3;

/** Checks of the operations that networks need besides convolutions. */
const OTHERS: Readonly<Record<string, (tf: RawTensorflow) => void>> = {
  "a matrix product": (tf) => {
    const [n, k, m] = [3, 4, 5];
    const [a, b] = [integerNoise(n * k, 1), integerNoise(k * m, 2)];
    const expected = zeros(n * m);
    for (const [i, j] of pairs(n, m)) for (let l = 0; l < k; l++) expected[i * m + j]! += a[i * k + l]! * b[l * m + j]!;
    const y = tf.run("BatchMatMulV2", [tf.floats([1, 1, n, k], a), tf.floats([k, m], b)]);
    expectValues("result", tf.values(y), expected);
  },
  "batch normalization": (tf) => {
    // One channel, scale 2, offset 1, in training; the gradient is that of the definition's three terms.
    const [x, dy] = [integerNoise(16, 1), integerNoise(16, 2)];
    const mean = average(x);
    const variance = average(x.map((v) => (v - mean) ** 2));
    const deviation = Math.sqrt(variance + EPSILON);
    const xHat = x.map((v) => (v - mean) / deviation);
    const projection = average(dy.map((d, i) => d * xHat[i]!));
    const dx = dy.map((d, i) => (2 / deviation) * (d - average(dy) - xHat[i]! * projection));
    const [image, gradient] = [tf.floats([1, 4, 4, 1], x), tf.floats([1, 4, 4, 1], dy)];
    const scale = tf.floats([1], [2]);
    const empty = tf.floats([0], []);
    const attrs = { epsilon: { float: EPSILON }, is_training: true };
    const [y, ...saved] = tf.runAll("FusedBatchNormV3", [image, scale, tf.floats([1], [1]), empty, empty], attrs, 6);
    expectValues(
      "result",
      tf.values(y!),
      xHat.map((v) => 2 * v + 1),
    );
    const [dImage] = tf.runAll("FusedBatchNormGradV3", [gradient, image, scale, ...saved.slice(2)], attrs, 5);
    expectValues("gradient", tf.values(dImage!), dx);
  },
  "bilinear resizing": (tf) => {
    const [x, dy] = [integerNoise(9, 1), integerNoise(36, 2)];
    const [y, dx] = doubleBilinear(3, x, dy);
    const image = tf.floats([1, 3, 3, 1], x);
    const attrs = { align_corners: false, half_pixel_centers: true };
    expectValues("result", tf.values(tf.run("ResizeBilinear", [image, tf.ints([2], [6, 6])], attrs)), y);
    const gradient = tf.floats([1, 6, 6, 1], dy);
    expectValues("gradient", tf.values(tf.run("ResizeBilinearGrad", [gradient, image], attrs)), dx);
  },
  "max pooling": (tf) => {
    // 3×3 with stride 2 over 0…15, padded by one: the largest lies at the window's lower right corner.
    const image = tf.floats(
      [1, 4, 4, 1],
      Array.from({ length: 16 }, (_, i) => i),
    );
    const attrs = {
      ksize: [1, 3, 3, 1],
      strides: [1, 2, 2, 1],
      padding: "EXPLICIT",
      explicit_paddings: [0, 0, 1, 1, 1, 1, 0, 0],
    };
    const y = tf.run("MaxPool", [image], attrs);
    expectValues("result", tf.values(y), [5, 7, 13, 15]);
    const dx = tf.run("MaxPoolGrad", [image, y, tf.floats([1, 2, 2, 1], [1, 2, 3, 4])], attrs);
    expectValues("gradient", tf.values(dx), [0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4]);
  },
  "cross entropy": (tf) => {
    const scores = [0, Math.log(2), Math.log(5)];
    const inputs = [tf.floats([1, 3], scores), tf.ints([1], [1])];
    const types = { Tlabels: { type: tf.binding.TF_INT32 } };
    const [loss, gradient] = tf.runAll("SparseSoftmaxCrossEntropyWithLogits", inputs, types, 2);
    // exp(scores) = 1, 2, 5: the shares are 1/8, 2/8, 5/8.
    expectValues("result", tf.values(loss!), [Math.log(4)]);
    expectValues("gradient", tf.values(gradient!), [1 / 8, 2 / 8 - 1, 5 / 8]);
  },
};

const CHECKS = { ...CONVOLUTIONS, ...OTHERS };

/** The operations that networks need, by the names of their checks. */
export const REQUIRED_OPS: readonly string[] = Object.keys(CHECKS);

/**
 * Runs every TensorFlow operation that networks need, gradients included, through the bare addon, and compares it with reference loops and
 * known values.
 *
 * @returns why the addon cannot run networks, as in "a dilated convolution: …"; undefined if it can.
 */
export function firstFailingOp(binding: RawBinding): string | undefined {
  const tf = new RawTensorflow(binding);
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      check(tf);
    } catch (error) {
      return `${name}: ${(error as Error).message.replace(/\s*\n\s*/g, " ")}`;
    }
  }
  return undefined;
}

const average = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
