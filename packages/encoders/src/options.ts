import { checkNetworkOptions } from "@seg/sync-bn/network-options";
import type { EncoderOptions } from "./builder.ts";
import { EncoderError } from "./errors.ts";

/** @throws {EncoderError} `option` for an option that there is not, or one out of range. */
export function checkOptions(options: EncoderOptions): void {
  checkNetworkOptions(options, [], "buildEncoder", (line, data) => new EncoderError("option", line, { data }));
}
