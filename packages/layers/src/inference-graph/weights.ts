import type * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";

/** Numbers that are read when they are asked for, so that a model's weights need not be in memory at once. */
export interface LazyArray {
  readonly shape: readonly number[];
  /** The values in row-major order; the array is the caller's. */
  read(): Float32Array;
}

/**
 * Where a variable's values come from, in place of the variable: a checkpoint, say. In PyTorch's order of axes; undefined where the
 * variable holds them itself.
 */
export type WeightSource = (variable: tf.LayerVariable) => Float32Array | undefined;

/** @throws {LayersError} `model` for values that are not as many as the variable's. */
function given(variable: tf.LayerVariable, source: WeightSource): Float32Array | undefined {
  const values = source(variable);
  const count = (variable.shape as number[]).reduce((a, b) => a * b, 1);
  if (values === undefined || (values instanceof Float32Array && values.length === count)) return values;
  const received = values instanceof Float32Array ? `${(values as Float32Array).length}` : typeof values;
  throw new LayersError(
    "model",
    { expected: `${count} float32 values for ${variable.originalName}`, received, hint: "give them in its order" },
    { data: { expected: count, received } },
  );
}

/** Numbers as they are. */
export const constant = (values: Float32Array, shape: readonly number[] = [values.length]): LazyArray => ({
  shape,
  read: () => values.slice(),
});

/** A vector of a layer. */
export const vectorOf = (variable: tf.LayerVariable, source: WeightSource): LazyArray => ({
  shape: variable.shape as number[],
  read: () => (given(variable, source) ?? ownValues(variable)).slice(),
});

/** A filter: `[height, width, in, out]` of a layer as `[out, in, height, width]`; `[in, out]` of a dense one as `[out, in]`. */
export function filterOf(variable: tf.LayerVariable, source: WeightSource): LazyArray {
  const shape = variable.shape as number[];
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const window = shape.slice(0, -2);
  return {
    shape: [outputs, inputs, ...window],
    read: () => given(variable, source)?.slice() ?? outermost(ownValues(variable), outputs, inputs),
  };
}

/** A depthwise filter: `[height, width, channels, multiplier]` as `[channels · multiplier, 1, height, width]`. */
export function depthwiseFilterOf(variable: tf.LayerVariable, source: WeightSource): LazyArray {
  const [height, width, channels, multiplier] = variable.shape as [number, number, number, number];
  const filters = channels * multiplier;
  return {
    shape: [filters, 1, height, width],
    read: () => given(variable, source)?.slice() ?? outermost(ownValues(variable), filters, 1),
  };
}

/** So many outputs at a time: what is read of each of a filter's rows is a line of the processor's cache. */
const BLOCK = 16;

/** Values `[…, inputs, outputs]` as `[outputs, inputs, …]`. */
function outermost(values: Float32Array, outputs: number, inputs: number): Float32Array {
  const result = new Float32Array(values.length);
  const positions = values.length / (outputs * inputs);
  const step = inputs * positions;
  for (let start = 0; start < outputs; start += BLOCK) {
    const end = Math.min(start + BLOCK, outputs);
    for (let i = 0; i < inputs; i++) {
      for (let position = 0; position < positions; position++) {
        const from = (position * inputs + i) * outputs;
        let to = start * step + i * positions + position;
        for (let o = start; o < end; o++, to += step) result[to] = values[from + o]!;
      }
    }
  }
  return result;
}

/** @throws {LayersError} `model` for a variable that is disposed or otherwise unreadable, or holds no float32. */
function ownValues(variable: tf.LayerVariable): Float32Array {
  let values: ReturnType<tf.Tensor["dataSync"]>;
  try {
    values = variable.read().dataSync();
  } catch (cause) {
    const hint = "keep the models until their weights are read";
    const but = `they cannot be read (${(cause as Error).message})`;
    throw new LayersError("model", { expected: `the values of ${variable.name}`, but, hint }, { cause });
  }
  if (values instanceof Float32Array) return values;
  throw new LayersError("model", { expected: `float32 for ${variable.name}`, received: variable.dtype });
}

/** Of a normalization at inference: γ/σ and β − μγ/σ. */
export interface Normalization {
  gamma?: tf.LayerVariable;
  beta?: tf.LayerVariable;
  movingMean: tf.LayerVariable;
  movingVariance: tf.LayerVariable;
  epsilon: number;
}

/** A normalization as x · scale + offset. */
export function affineOf(norm: Normalization, source: WeightSource): { scale: LazyArray; offset: LazyArray } {
  const shape = norm.movingMean.shape as number[];
  const read = (variable: tf.LayerVariable) => vectorOf(variable, source).read();
  const scales = () => {
    const gamma = norm.gamma && read(norm.gamma);
    return Float64Array.from(read(norm.movingVariance), (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + norm.epsilon));
  };
  return {
    scale: { shape, read: () => Float32Array.from(scales()) },
    offset: {
      shape,
      read: () => {
        const beta = norm.beta && read(norm.beta);
        const scale = scales();
        return Float32Array.from(read(norm.movingMean), (mean, c) => (beta?.[c] ?? 0) - mean * scale[c]!);
      },
    },
  };
}

/** A filter or kernel whose outputs are then x · scale + offset, and its bias. */
export function folded(
  filter: LazyArray,
  bias: LazyArray | undefined,
  { scale, offset }: { scale: LazyArray; offset: LazyArray },
): { filter: LazyArray; bias: LazyArray } {
  return {
    filter: {
      shape: filter.shape,
      read: () => {
        const scales = scale.read();
        const values = filter.read();
        const each = values.length / scales.length;
        for (let o = 0, i = 0; o < scales.length; o++)
          for (const end = i + each; i < end; i++) values[i]! *= scales[o]!;
        return values;
      },
    },
    bias: {
      shape: offset.shape,
      read: () => {
        const [scales, own] = [scale.read(), bias?.read()];
        return offset.read().map((value, o) => value + (own ? own[o]! * scales[o]! : 0));
      },
    },
  };
}
