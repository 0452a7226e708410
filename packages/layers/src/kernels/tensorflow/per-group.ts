import * as tf from "@tensorflow/tfjs";
import type { Conv2DAttrs } from "../names.ts";

/** A grouped convolution, or a gradient of it, one group after the other; `a` and `b` are cut along their channels. */
export function perGroup(
  run: (a: tf.Tensor4D, b: tf.Tensor4D, attrs: Conv2DAttrs) => tf.Tensor4D,
  a: tf.Tensor4D,
  b: tf.Tensor4D,
  attrs: Conv2DAttrs,
): tf.Tensor4D {
  const as = tf.split(a, attrs.groups, 3);
  const bs = tf.split(b, attrs.groups, 3);
  return tf.concat(
    as.map((part, i) => tf.tidy(() => run(part as tf.Tensor4D, bs[i] as tf.Tensor4D, { ...attrs, groups: 1 }))),
    3,
  );
}
