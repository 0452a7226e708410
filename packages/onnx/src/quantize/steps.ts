/** The least and the largest value of a tensor. */
export type Range = readonly [min: number, max: number];

/** How bytes stand for numbers: scale · (byte − zeroPoint). */
export interface Steps {
  /** A float32. */
  readonly scale: number;
  /** 0 to 255. */
  readonly zeroPoint: number;
}

/** The bytes of a range, which is widened to hold zero, as that is what images are padded with, and what is cut off below. */
export function stepsOf([min, max]: Range): Steps {
  const low = Math.min(min, 0);
  const scale = Math.fround((Math.max(max, 0) - low) / 255);
  // Of a tensor of zeros, any scale will do.
  if (scale < LEAST_SCALE) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: Math.min(255, Math.round(-low / scale)) };
}

/** The least normal float32: below, runtimes may take numbers for zero. */
const LEAST_SCALE = 2 ** -126;

/** Leaves a sum of products of bytes room beside a bias in 32 bits. */
const LARGEST_BIAS = 2 ** 30;

/** What {@link filterScales} goes by. */
export interface FilterScaling {
  /** The largest whole number that a weight may become: 127, or 64. */
  largest: number;
  /** Of the convolution's input. */
  inputScale: number;
  /** One for each output channel. */
  bias?: Float32Array | undefined;
}

/**
 * A scale for each output channel of a filter `[outputs, …]`: the least at which no weight becomes larger than allowed, and the bias, in
 * steps of this scale times the input's, still fits into 32 bits. Weights that are so small that this makes zeros of them are lost
 * beside their bias anyway.
 */
export function filterScales(
  filter: Float32Array,
  outputs: number,
  { largest, inputScale, bias }: FilterScaling,
): Float32Array {
  const size = filter.length / outputs;
  return Float32Array.from({ length: outputs }, (_, o) => {
    let most = 0;
    for (let i = o * size; i < (o + 1) * size; i++) most = Math.max(most, Math.abs(filter[i]!));
    const scale = Math.max(most / largest, Math.abs(bias?.[o] ?? 0) / (inputScale * LARGEST_BIAS));
    // The product with the input's scale is stored too.
    return scale * Math.min(1, inputScale) >= LEAST_SCALE ? scale : 1;
  });
}

/** A filter in steps of its channels' scales. */
export function filterSteps(filter: Float32Array, scales: Float32Array): Int8Array {
  const size = filter.length / scales.length;
  return Int8Array.from(filter, (value, i) => Math.round(value / scales[Math.floor(i / size)]!));
}

/** What a step of a bias is: its channel's scale times the input's. */
export const biasScales = (scales: Float32Array, inputScale: number): Float32Array =>
  scales.map((scale) => scale * inputScale);

/** A bias in steps of {@link biasScales}. */
export const biasSteps = (bias: Float32Array, scales: Float32Array): Int32Array =>
  Int32Array.from(bias, (value, o) => Math.round(value / scales[o]!));
