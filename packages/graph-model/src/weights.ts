import { encodeFloat16, FLOAT16_MAX } from "@seg/checkpoint/half";
import type { LazyArray } from "@seg/layers/inference-graph";
import { GraphModelError } from "./errors.ts";

/** Values of one or more constants, one after the other, read when they are asked for. */
export interface WeightBlock {
  readonly constants: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly dtype: "float32" | "int32";
  /** Whether float16 is enough. */
  readonly isCompressible: boolean;
  read(): Float32Array | Int32Array;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A filter `[out, in / groups, height, width]` as one `[height, width, in / groups, out / groups]` for each group. */
export function readFilter(filter: LazyArray, groups: number): Float32Array {
  const [outputs, inputs, height, width] = filter.shape as [number, number, number, number];
  const values = filter.read();
  const result = new Float32Array(values.length);
  const [area, each] = [height * width, outputs / groups];
  let at = 0;
  for (let group = 0; group < groups; group++) {
    for (let position = 0; position < area; position++) {
      for (let i = 0; i < inputs; i++) {
        let from = (group * each * inputs + i) * area + position;
        for (let o = 0; o < each; o++, from += inputs * area) result[at++] = values[from]!;
      }
    }
  }
  return result;
}

/**
 * Values as float16, rounded to the nearest, ties to even.
 *
 * @throws {GraphModelError} `value` for a number beyond 65504 or none.
 */
export function toHalf(values: Float32Array, weight: string): Uint16Array {
  const wrong = values.find((value) => !(Math.abs(value) <= FLOAT16_MAX));
  if (wrong === undefined) return encodeFloat16(values);
  throw new GraphModelError(
    "value",
    { expected: `numbers within float16's ±${FLOAT16_MAX} in ${weight}`, received: `${wrong}`, hint: "leave half out" },
    { data: { weight, received: wrong } },
  );
}
