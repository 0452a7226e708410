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
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const magnitude = bits[i]! & 0x7fffffff;
    // From 65520 on the nearest float16 is infinite.
    if (magnitude >= 0x477ff000) {
      throw new GraphModelError(
        "value",
        { expected: `numbers within float16's ±65504 in ${weight}`, received: `${values[i]}`, hint: "leave half out" },
        { data: { weight, received: values[i] } },
      );
    }
    halves[i] = sign | (magnitude < 0x38800000 ? subnormal(values[i]!) : normal(magnitude));
  }
  return halves;
}

/** Exponents count from 127 in float32 and from 15 in float16, whose fraction is 13 bits shorter. */
const normal = (magnitude: number) => (magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;

/** Below 2^-14 numbers are multiples of 2^-24. */
function subnormal(value: number): number {
  const scaled = Math.abs(value) * 2 ** 24;
  const rounded = Math.round(scaled);
  return rounded - scaled === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
