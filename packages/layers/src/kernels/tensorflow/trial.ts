import * as tf from "@tensorflow/tfjs";
import { outputSize } from "../../window-size.ts";
import type { Conv2DAttrs, Pair } from "../names.ts";
import type { NativeBackend } from "./native.ts";
import { isDepthwise, isDilated } from "./window.ts";

/** A convolution or one of its gradients, of two tensors. */
export type ConvOp = (
  backend: NativeBackend,
  a: tf.Tensor4D,
  b: tf.Tensor4D,
  attrs: Conv2DAttrs,
  shape: number[],
) => tf.Tensor4D;

/** What was found out, by engine. */
const found = new WeakMap<NativeBackend, Map<string, boolean>>();

/**
 * Whether TensorFlow computes this kind of convolution or gradient on the processor at hand. Without oneDNN its CPU ops refuse
 * dilation and groups in some places and pass over them silently in others, so each kind (dense, depthwise or grouped; dilated or
 * not; strided or not) is tried once, on a few pixels, against the way that does without.
 *
 * @param own - TensorFlow's op.
 * @param otherwise - The way around it.
 * @param trial - Makes the op's two inputs and its result's shape of an image, a filter and an output.
 */
export function isAble(
  backend: NativeBackend,
  name: string,
  filterShape: number[],
  attrs: Conv2DAttrs,
  own: ConvOp,
  otherwise: ConvOp,
  trial: (x: tf.Tensor4D, filter: tf.Tensor4D, y: tf.Tensor4D) => [tf.Tensor4D, tf.Tensor4D, number[]],
): boolean {
  const depthwise = isDepthwise(filterShape, attrs.groups);
  const dense = attrs.groups === 1;
  const both = (pair: Pair): Pair => (pair[0] !== pair[1] ? [2, 3] : pair[0] > 1 ? [2, 2] : [1, 1]);
  const [strides, dilations] = [both(attrs.strides), both(attrs.dilations)];
  // These every TensorFlow has.
  if ((dense || (depthwise && strides[0] === strides[1])) && !isDilated(attrs)) return true;
  const kind = `${name} ${dense ? "dense" : depthwise ? "depthwise" : "grouped"} ${strides} ${dilations}`;
  const known = found.get(backend) ?? new Map<string, boolean>();
  found.set(backend, known);
  const before = known.get(kind);
  if (before !== undefined) return before;
  const groups = dense ? 1 : depthwise ? 4 : 2;
  const small = { strides, dilations, padding: dilations, groups };
  const able = tf.tidy(() => {
    const size = (n: number, i: 0 | 1) => outputSize(n, 3, strides[i], dilations[i], dilations[i]);
    const inputs = trial(wave([1, 9, 8, 4]), wave([3, 3, 4 / groups, 4]), wave([1, size(9, 0), size(8, 1), 4]));
    try {
      const [ours, theirs] = [otherwise, own].map((op) =>
        op(backend, inputs[0], inputs[1], small, inputs[2]).dataSync(),
      );
      return theirs!.length === ours!.length && theirs!.every((value, i) => Math.abs(value - ours![i]!) < 1e-3);
    } catch {
      return false;
    }
  });
  known.set(kind, able);
  return able;
}

/** Numbers of both signs without a pattern that a convolution could fall in with. */
function wave(shape: [number, number, number, number]): tf.Tensor4D {
  const count = shape.reduce((a, b) => a * b, 1);
  return tf.tensor4d(
    Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i * i + 0.3 * i)),
    shape,
  );
}
