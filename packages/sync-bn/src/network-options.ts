import { type Explanation, refuseUnknownOptions } from "@seg/errors";
import type { WeightOptions } from "@seg/layers";
import type { BatchNormalizationLayerArgs } from "./layer.ts";

const BATCH_NORM_OPTIONS = ["epsilon", "epsMode", "momentum", "runningAverage", "frozen"] as const;

/** What a network lets its users choose of each batch norm. */
export type BatchNormOptions = Pick<BatchNormalizationLayerArgs, (typeof BATCH_NORM_OPTIONS)[number]>;

/** Options that every function has that builds a network of convolutions and batch norms. */
export interface NetworkOptions extends WeightOptions {
  /** Options of each batch norm, such as its momentum. */
  batchNorm?: BatchNormOptions;
}

/** Makes a network's own error: of the option at fault, with the name that was probably meant, or with the value that came. */
export type MakeOptionError = (
  explanation: Explanation,
  data: { option: string; nearest?: string | undefined; received?: unknown },
) => Error;

/**
 * Looks at all options but the values of batch norm's, which it checks itself.
 *
 * @param own - The names of the options that the builder has besides.
 * @param builder - The builder's name.
 * @throws What `makeError` makes, for an option that there is not, or one out of range.
 */
export function checkNetworkOptions(
  options: NetworkOptions,
  own: readonly string[],
  builder: string,
  makeError: MakeOptionError,
): void {
  refuseUnknownOptions(options, ["weights", "seed", "batchNorm", ...own], `the options of ${builder}`, makeError);
  const { weights, seed, batchNorm } = options;
  refuseUnknownOptions(batchNorm ?? {}, BATCH_NORM_OPTIONS, `the batchNorm options of ${builder}`, (line, data) =>
    makeError(line, { ...data, option: `batchNorm.${data.option}` }),
  );
  if (weights !== undefined && weights !== "random" && weights !== "zeros") {
    const hint = "loadWeightsInto of @seg/checkpoint loads those of a file";
    throw outOfRange("weights", weights, { expected: 'weights "random" or "zeros"', hint }, makeError);
  }
  if (seed !== undefined && !Number.isInteger(seed)) {
    throw outOfRange("seed", seed, { expected: "seed to be a whole number" }, makeError);
  }
}

/** An option out of its range, with the value that came. */
export function outOfRange(
  option: string,
  received: unknown,
  explanation: Explanation,
  makeError: MakeOptionError,
): Error {
  const shown = typeof received === "string" ? JSON.stringify(received) : String(received);
  return makeError({ received: shown, ...explanation }, { option, received });
}
