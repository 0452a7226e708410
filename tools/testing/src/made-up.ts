import type * as tf from "@tensorflow/tfjs";

/** FNV-1a, 32 bits, of a string's UTF-8 bytes. */
export function hash(key: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/**
 * The made-up numbers of the reference values (its README gives the formula): `count` numbers u in [0, 1) that depend on
 * `key` alone, each passed through `map`.
 */
export function uniform(key: string, count: number, map: (u: number) => number = (u) => u): Float64Array {
  const base = hash(key);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = map(nth(base, i));
  return values;
}

/** The number at a place, in [0, 1). */
function nth(base: number, place: number): number {
  let x = (base + Math.imul(place, 2654435761)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

const PYTORCH_NAMES: Record<string, string> = {
  kernel: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
};

/** The PyTorch name of a layer's weight: `layer1.0.conv1/kernel` is `layer1.0.conv1.weight`. */
export function pytorchName(variable: tf.LayerVariable): string {
  const [layer, own] = variable.originalName.split("/") as [string, string];
  return `${layer}.${PYTORCH_NAMES[own] ?? own}`;
}

/**
 * Gives a model the made-up weights of the reference.
 *
 * @param part - `encoder` or `decoder`, which the keys begin with.
 */
export function fillMadeUp(model: tf.LayersModel, part: "encoder" | "decoder", tensor: typeof tf.tensor): void {
  for (const layer of model.layers) {
    const values = layer.weights.map((variable) => {
      const name = pytorchName(variable);
      const shape = variable.shape as number[];
      const key = `${part}.${name}`;
      if (shape.length === 4) {
        return tensor(madeUpFilter(key, shape as [number, number, number, number]), shape);
      }
      const count = shape.reduce((a, b) => a * b, 1);
      const isScale = name.endsWith(".weight");
      const map = isScale
        ? (u: number) => 0.5 + 0.5 * u
        : name.endsWith("running_var")
          ? (u: number) => 0.5 + u
          : (u: number) => (u - 0.5) * 0.2;
      return tensor(Float32Array.from(uniform(key, count, map)), shape);
    });
    layer.setWeights(values);
    for (const value of values) value.dispose();
  }
}

/** A filter HWIO of the reference's numbers, which are OIHW; all of it in one loop, as networks have tens of millions of weights. */
function madeUpFilter(key: string, [h, w, i, o]: [h: number, w: number, i: number, o: number]): Float32Array {
  const base = hash(key);
  const scale = 1.2 * Math.sqrt(3 / (i * h * w));
  const area = h * w;
  const values = new Float32Array(area * i * o);
  let at = 0;
  for (let p = 0; p < area; p++) {
    for (let b = 0; b < i; b++) {
      for (let a = 0; a < o; a++) values[at++] = (2 * nth(base, (a * i + b) * area + p) - 1) * scale;
    }
  }
  return values;
}
