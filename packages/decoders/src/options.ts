import { checkNetworkOptions, type MakeOptionError, outOfRange } from "@seg/sync-bn/network-options";
import type { DecoderOptions } from "./builder.ts";
import { DecoderError } from "./errors.ts";

const makeError: MakeOptionError = (line, data) => new DecoderError("option", line, { data });

/** @throws {DecoderError} `option` for an option that there is not, or one out of range. */
export function checkOptions(options: DecoderOptions): void {
  checkNetworkOptions(options, ["numClasses", "dropout"], "buildDecoder", makeError);
  const { numClasses, dropout } = options;
  if (numClasses !== undefined && !(Number.isInteger(numClasses) && numClasses > 0)) {
    const expected = "numClasses to be a whole number of at least 1";
    throw outOfRange("numClasses", numClasses, { expected }, makeError);
  }
  if (dropout !== undefined && !(typeof dropout === "number" && dropout >= 0 && dropout < 1)) {
    throw outOfRange("dropout", dropout, { expected: "dropout to be a share in [0, 1)" }, makeError);
  }
}
