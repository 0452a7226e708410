/** How the weights of a model are initialized. */
export interface WeightOptions {
  /** `random`: the original's initializers; `zeros`: quick, for a model that loads its weights. Default `random`. */
  weights?: "random" | "zeros";
  /** Seed of the initializers, makes them repeatable. Default: other weights each time. */
  seed?: number;
}

/**
 * A layer's own seed: from the model's seed and the layer's name, so that layers do not draw the same numbers.
 *
 * @example
 * ```ts
 * import { layerSeed } from "@seg/layers";
 *
 * console.log(layerSeed(7, "conv1") === layerSeed(7, "conv1")); // true
 * console.log(layerSeed(7, "conv1") === layerSeed(7, "conv2")); // false
 * // Without a seed of the model other weights come each time.
 * console.log(layerSeed(undefined, "conv1")); // undefined
 * ```
 */
export function layerSeed(seed: number | undefined, name: string): number | undefined {
  if (seed === undefined) return undefined;
  let h = seed | 0;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
