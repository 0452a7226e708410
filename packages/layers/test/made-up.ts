import { uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";

/** A tensor of made-up numbers, by default in [−0.5, 0.5). */
export const madeUp = <T extends tf.Tensor = tf.Tensor>(
  key: string,
  shape: number[],
  map = (u: number) => u - 0.5,
): T =>
  tf.tensor(
    Float32Array.from(
      uniform(
        key,
        shape.reduce((a, b) => a * b, 1),
        map,
      ),
    ),
    shape,
  ) as T;
