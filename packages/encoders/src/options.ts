import { type Explanation, refuseUnknownOptions } from "@seg/errors";
import type { EncoderOptions } from "./builder.ts";
import { EncoderError } from "./errors.ts";

const OPTIONS = ["weights", "seed", "batchNorm"] as const satisfies readonly (keyof EncoderOptions)[];

const BATCH_NORM_OPTIONS = [
  "epsilon",
  "epsMode",
  "momentum",
  "runningAverage",
  "frozen",
] as const satisfies readonly (keyof NonNullable<EncoderOptions["batchNorm"]>)[];

/**
 * Looks at all options but the values of batch norm's, which it checks itself.
 *
 * @throws {EncoderError} `option` for one that there is not, or one out of range.
 */
export function checkOptions(options: EncoderOptions): void {
  refuseUnknownOptions(options, OPTIONS, "the options of buildEncoder", (line, data) => {
    return new EncoderError("option", line, { data });
  });
  const { weights, seed, batchNorm } = options;
  refuseUnknownOptions(batchNorm ?? {}, BATCH_NORM_OPTIONS, "the batchNorm options of buildEncoder", (line, data) => {
    return new EncoderError("option", line, { data: { ...data, option: `batchNorm.${data.option}` } });
  });
  if (weights !== undefined && weights !== "random" && weights !== "zeros") {
    const hint = "loadWeightsInto of @seg/checkpoint loads those of a file";
    throw outOfRange("weights", weights, { expected: 'weights "random" or "zeros"', hint });
  }
  if (seed !== undefined && !Number.isInteger(seed)) {
    throw outOfRange("seed", seed, { expected: "seed to be a whole number" });
  }
}

function outOfRange(option: string, received: unknown, explanation: Explanation): EncoderError {
  const shown = typeof received === "string" ? JSON.stringify(received) : String(received);
  return new EncoderError("option", { received: shown, ...explanation }, { data: { option, received } });
}
