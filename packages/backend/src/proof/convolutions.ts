import type { RawTensor, RawTensorflow } from "./raw-tensorflow.ts";
import { type Convolution, convolve, integerNoise, resultSize } from "./reference-ops.ts";

/** The tensors of a convolution, and their sizes; images are `[batch, side, side, channels]`. */
interface Operands {
  x: RawTensor;
  w: RawTensor;
  dy: RawTensor;
  xShape: number[];
  wShape: number[];
  dilation: number;
}
/** An algorithm for the result and the two gradients, each by itself, as TensorFlow may accept one and refuse another. */
type Algorithm = (
  tf: RawTensorflow,
  operands: Operands,
) => readonly [y: () => RawTensor, dx: () => RawTensor, dw: () => RawTensor];

const names = ["result", "input gradient", "filter gradient"];
const window = (dilation: number) => ({
  strides: [1, 1, 1, 1],
  padding: "VALID",
  dilations: [1, dilation, dilation, 1],
});

const full: Algorithm = (tf, { x, w, dy, xShape, wShape, dilation }) => [
  () => tf.run("Conv2D", [x, w], window(dilation)),
  () => tf.run("Conv2DBackpropInput", [tf.ints([4], xShape), w, dy], window(dilation)),
  () => tf.run("Conv2DBackpropFilter", [x, tf.ints([4], wShape), dy], window(dilation)),
];

const depthwise: Algorithm = (tf, { x, w, dy, xShape, wShape, dilation }) => [
  () => tf.run("DepthwiseConv2dNative", [x, w], window(dilation)),
  () => tf.run("DepthwiseConv2dNativeBackpropInput", [tf.ints([4], xShape), w, dy], window(dilation)),
  () => tf.run("DepthwiseConv2dNativeBackpropFilter", [x, tf.ints([4], wShape), dy], window(dilation)),
];

/** A dilated convolution as undilated ones over the interleaved sub-images (space to batch). */
const overSubImages =
  (algorithm: Algorithm): Algorithm =>
  (tf, { x, w, dy, xShape, wShape, dilation }) => {
    const block = tf.ints([2], [dilation, dilation]);
    const nothing = tf.ints([2, 2], [0, 0, 0, 0]);
    const split = (image: RawTensor) => tf.run("SpaceToBatchND", [image, block, nothing]);
    const join = (image: RawTensor) => tf.run("BatchToSpaceND", [image, block, nothing]);
    const [batch, side, , channels] = xShape as [number, number, number, number];
    const small = [batch * dilation ** 2, side / dilation, side / dilation, channels];
    const [y, dx, dw] = algorithm(tf, { x: split(x), w, dy: split(dy), xShape: small, wShape, dilation: 1 });
    return [() => join(y()), () => join(dx()), dw];
  };

/** A grouped convolution as one a group. */
const groupByGroup =
  (algorithm: Algorithm, groups: number): Algorithm =>
  (tf, { x, w, dy, xShape, wShape, dilation }) => {
    const part = (shape: number[]) => [...shape.slice(0, 3), shape[3]! / groups];
    const cut = (tensor: RawTensor, group: number, shape: number[]) =>
      tf.run("Slice", [tensor, tf.ints([4], [0, 0, 0, group * shape[3]!]), tf.ints([4], shape)]);
    const [xPart, wPart] = [part(xShape), part(wShape)];
    const yPart = [-1, -1, -1, wPart[3]!];
    const each = Array.from({ length: groups }, (_, group) =>
      algorithm(tf, {
        x: cut(x, group, xPart),
        w: cut(w, group, wPart),
        dy: cut(dy, group, yPart),
        xShape: xPart,
        wShape: wPart,
        dilation,
      }),
    );
    const join = (i: number) => tf.run("ConcatV2", [...each.map((one) => one[i]!()), tf.ints([], [3])], { N: groups });
    return [() => join(0), () => join(1), () => join(2)];
  };

/**
 * Fails unless a convolution and its two gradients are right: composed of operations that work everywhere, and, where TensorFlow does not refuse
 * it, by its native operation. It refuses dilated and grouped ones where oneDNN is off; what it accepts must be right all the same.
 */
function check(
  tf: RawTensorflow,
  c: Convolution,
  native: Algorithm,
  composed: (native: Algorithm) => Algorithm = (native) => native,
): void {
  const side = resultSize(c);
  const xShape = [1, c.size, c.size, c.channels];
  const wShape = [c.kernel, c.kernel, ...(native === depthwise ? [c.channels, 1] : [c.channels / c.groups, c.filters])];
  const yShape = [1, side, side, c.filters];
  const count = (shape: number[]) => shape.reduce((a, b) => a * b);
  const [x, w, dy] = [integerNoise(count(xShape), 1), integerNoise(count(wShape), 2), integerNoise(count(yShape), 3)];
  const expected = convolve(c, x, w, dy);
  const operands: Operands = {
    x: tf.floats(xShape, x),
    w: tf.floats(wShape, w),
    dy: tf.floats(yShape, dy),
    xShape,
    wShape,
    dilation: c.dilation,
  };
  for (const [i, compute] of composed(native)(tf, operands).entries()) {
    expectValues(names[i]!, tf.values(compute()), expected[i]!);
  }
  for (const [i, compute] of native(tf, operands).entries()) {
    const output = orRefused(compute);
    if (output !== undefined) expectValues(names[i]!, tf.values(output), expected[i]!);
  }
}

function orRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/**
 * Fails unless the values are those that are expected, to a thousandth of the largest: GPUs may compute in TF32.
 */
export function expectValues(what: string, actual: number[], expected: number[]): void {
  const bound = 1e-3 * Math.max(...expected.map(Math.abs));
  const wrong = expected.findIndex((value, i) => !(Math.abs(actual[i]! - value) <= bound));
  if (wrong < 0 && actual.length === expected.length) return;
  if (wrong < 0) throw new Error(`its ${what} has ${actual.length} values in place of ${expected.length}`);
  throw new Error(`its ${what} is wrong: ${actual[wrong]} in place of ${expected[wrong]}`);
}

const SIZE = { size: 8, kernel: 3, dilation: 1, groups: 1 };

/** The convolutions that networks are made of, each failing with what is wrong. */
export const CONVOLUTIONS: Readonly<Record<string, (tf: RawTensorflow) => void>> = {
  "a convolution": (tf) => check(tf, { ...SIZE, channels: 3, filters: 4 }, full),
  "a dilated convolution": (tf) => check(tf, { ...SIZE, channels: 3, filters: 4, dilation: 2 }, full, overSubImages),
  "a depthwise convolution": (tf) => check(tf, { ...SIZE, channels: 4, filters: 4, groups: 4 }, depthwise),
  "a dilated depthwise convolution": (tf) =>
    check(tf, { ...SIZE, channels: 4, filters: 4, groups: 4, dilation: 2 }, depthwise, overSubImages),
  "a grouped convolution": (tf) =>
    check(tf, { ...SIZE, channels: 4, filters: 6, groups: 2 }, full, (native) => groupByGroup(native, 2)),
};
