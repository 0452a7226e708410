import { type Explanation, refuseUnknownOptions } from "@seg/errors";
import type { DecoderOptions } from "./builder.ts";
import { DecoderError } from "./errors.ts";

const OPTIONS = [
  "numClasses",
  "dropout",
  "weights",
  "seed",
  "batchNorm",
] as const satisfies readonly (keyof DecoderOptions)[];

const BATCH_NORM_OPTIONS = [
  "epsilon",
  "epsMode",
  "momentum",
  "runningAverage",
  "frozen",
] as const satisfies readonly (keyof NonNullable<DecoderOptions["batchNorm"]>)[];

/**
 * Looks at all options but the values of batch norm's, which it checks itself.
 *
 * @throws {DecoderError} `option` for one that there is not, or one out of range.
 */
export function checkOptions(options: DecoderOptions): void {
  refuseUnknownOptions(options, OPTIONS, "the options of buildDecoder", (line, data) => {
    return new DecoderError("option", line, { data });
  });
  const { numClasses, dropout, weights, seed, batchNorm } = options;
  refuseUnknownOptions(batchNorm ?? {}, BATCH_NORM_OPTIONS, "the batchNorm options of buildDecoder", (line, data) => {
    return new DecoderError("option", line, { data: { ...data, option: `batchNorm.${data.option}` } });
  });
  if (numClasses !== undefined && !(Number.isInteger(numClasses) && numClasses > 0)) {
    throw outOfRange("numClasses", numClasses, { expected: "numClasses to be a whole number of at least 1" });
  }
  if (dropout !== undefined && !(typeof dropout === "number" && dropout >= 0 && dropout < 1)) {
    throw outOfRange("dropout", dropout, { expected: "dropout to be a share in [0, 1)" });
  }
  if (weights !== undefined && weights !== "random" && weights !== "zeros") {
    const hint = "loadWeightsInto of @seg/checkpoint loads those of a file";
    throw outOfRange("weights", weights, { expected: 'weights "random" or "zeros"', hint });
  }
  if (seed !== undefined && !Number.isInteger(seed)) {
    throw outOfRange("seed", seed, { expected: "seed to be a whole number" });
  }
}

function outOfRange(option: string, received: unknown, explanation: Explanation): DecoderError {
  const shown = typeof received === "string" ? JSON.stringify(received) : String(received);
  return new DecoderError("option", { received: shown, ...explanation }, { data: { option, received } });
}
