import { type MakeError, refuseUnknownOptions } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import { badOption, optionError } from "../errors.ts";

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

/** How many inputs a layer takes, `least` of them or up to `most`, and of what rank. */
export interface LayerInputs {
  least: number;
  most?: number;
  rank?: number;
}

/**
 * The base of the layers here: it refuses options that nobody reads, which TF.js's own passes over.
 *
 * @throws {LayersError} `option`, or what `makeError` makes.
 */
export abstract class StrictLayer extends tf.layers.Layer {
  readonly #makeError: MakeError;

  /**
   * @param own - The names of the options that this layer takes besides {@link LayerArgs}.
   * @param makeError - Makes another package's own error.
   */
  constructor(args: LayerArgs, own: readonly string[], makeError: MakeError = optionError) {
    if (typeof args !== "object" || args === null) {
      const line = { expected: `options of the layer ${new.target.name} as an object`, received: `${args}` };
      throw makeError(line, { option: "args", nearest: undefined });
    }
    const { [WHEN_LOADED]: _, ...given } = args as LayerArgs & { [WHEN_LOADED]?: unknown };
    refuseUnknownOptions(
      given,
      [...COMMON, ...own],
      `an option of the layer ${args.name ?? new.target.name}`,
      makeError,
    );
    super(args);
    this.#makeError = makeError;
  }

  /** TF.js calls this before it applies a layer to tensors or symbols; its own layers say there what they take. */
  protected override assertInputCompatibility(
    inputs: tf.Tensor | tf.Tensor[] | tf.SymbolicTensor | tf.SymbolicTensor[],
  ): void {
    const shapes = [inputs].flat().map(({ shape }) => shape as Shape);
    const { least, most = least, rank } = this.takes;
    const range =
      least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
    if (shapes.length < least || shapes.length > most) {
      this.refuseInputs(`${range} ${range === "1" ? "input" : "inputs"}`, `${shapes.length}`, shapes);
    }
    for (const shape of shapes) {
      if (rank !== undefined && shape.length !== rank)
        this.refuseInputs(`inputs of rank ${rank}`, `[${shape}]`, shapes);
    }
  }

  /** How many inputs the layer takes, and of what rank. */
  protected abstract get takes(): LayerInputs;

  /** @throws What `makeError` makes, of code `option`. */
  protected refuseInputs(expected: string, received: string, shapes: readonly Shape[]): never {
    const data = { option: "inputs", nearest: undefined, received: shapes };
    throw this.#makeError({ expected: `${expected} for the layer ${this.name}`, received }, data);
  }
}

/** One image `[batch, height, width, channels]`. */
export const ONE_IMAGE: LayerInputs = { least: 1, rank: 4 };

/** @throws {LayersError} `option` for a seed that is no whole number. */
export function seedOf(seed: number | null | undefined): number | null {
  if (seed == null || Number.isInteger(seed)) return seed ?? null;
  throw badOption("seed", seed, { expected: "seed: a whole number", received: `${seed}` });
}

/** The first of several inputs, or the only one. */
export const inputOf = (inputs: tf.Tensor | tf.Tensor[]) => (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;

/** The first of several shapes, or the only one. */
export const firstShape = (shape: Shape | Shape[]) => (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
