import { CheckpointError } from "@seg/checkpoint";
import type { Config } from "../config/schema.ts";
import { PipelineError } from "../errors.ts";

/**
 * The error of weights that differ from the network in nothing but the number of classes, as one about the key that is wrong; any other
 * as it is.
 *
 * @returns a {@link PipelineError} `config`, or `error`.
 *
 * @example
 * ```ts
 * import { CheckpointError } from "@seg/checkpoint";
 * import { explainClassCount } from "@seg/segmenter";
 * import { resolveConfig } from "@seg/segmenter/config";
 *
 * const shapeMismatch = [{ name: "conv_last.bias", expected: [150], received: [11] }];
 * const report = { loaded: [], missing: [], unexpected: [], ignored: [], shapeMismatch };
 * const error = new CheckpointError("mismatch", "They do not fit.", { data: { file: "decoder.pth", report } });
 * const explained = explainClassCount(error, resolveConfig([]).config) as Error;
 * console.log(explained.message); // Expected DATASET.num_class 11, as many classes as decoder.pth has, but received 150: set it to 11, or take other weights.
 * ```
 */
export function explainClassCount(error: unknown, { DATASET }: Config): unknown {
  if (!(error instanceof CheckpointError) || error.code !== "mismatch") return error;
  const { report, file } = error.data;
  if (!report || report.missing.length + report.unexpected.length > 0) return error;
  const counts = new Set(report.shapeMismatch.map(({ received }) => received[0]));
  const [received] = counts;
  const rest = (sizes: readonly number[]) => sizes.slice(1).join();
  const alike = report.shapeMismatch.every(
    (one) => one.expected[0] === DATASET.num_class && rest(one.expected) === rest(one.received),
  );
  if (received === undefined || counts.size > 1 || !alike) return error;
  const key = "DATASET.num_class";
  return new PipelineError(
    "config",
    {
      expected: `${key} ${received}, as many classes as ${file} has,`,
      received: String(DATASET.num_class),
      hint: `set it to ${received}, or take other weights`,
    },
    { cause: error, data: { key, expected: received, received: DATASET.num_class, ...(file && { file }) } },
  );
}
