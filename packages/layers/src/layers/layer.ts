import { type MakeError, refuseUnknownOptions } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import { optionError } from "../errors.ts";

/** A shape whose unknown dimensions are null. */
export type Shape = (number | null)[];

/** What every layer takes, here as in TF.js: `name` (the models use PyTorch's module path), `trainable`, `inputShape` and so on. */
export type LayerArgs = NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>;

const COMMON = [
  "name",
  "trainable",
  "inputShape",
  "batchInputShape",
  "batchSize",
  "dtype",
  "inputDType",
  "weights",
] satisfies (keyof LayerArgs)[];

/** What TF.js itself adds to the options that it reads from a saved model. */
const WHEN_LOADED = "customObjects";

/**
 * The base of the layers here: it refuses options that nobody reads, which TF.js's own passes over.
 *
 * @throws {LayersError} `option`, or what `makeError` makes.
 */
export abstract class StrictLayer extends tf.layers.Layer {
  /**
   * @param own - The names of the options that this layer takes besides {@link LayerArgs}.
   * @param makeError - Makes another package's own error.
   */
  constructor(args: LayerArgs, own: readonly string[], makeError: MakeError = optionError) {
    refuseUnknownOptions(
      args,
      [...COMMON, ...own, WHEN_LOADED],
      `an option of the layer ${args.name ?? new.target.name}`,
      makeError,
    );
    super(args);
  }
}

/** The first of several inputs, or the only one. */
export const inputOf = (inputs: tf.Tensor | tf.Tensor[]) => (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;

/** The first of several shapes, or the only one. */
export const single = (shape: Shape | Shape[]) => (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
