import type { Evaluation } from "./evaluation/result.ts";
import { type EvaluationOptions, runEvaluation } from "./evaluation/run-evaluation.ts";
import { type ModelOptions, resolveModel } from "./model-options.ts";

/** Options of {@link evaluate}. */
export type EvaluateOptions = ModelOptions & EvaluationOptions;

/**
 * Scores a network on photos whose labels are known, in worker processes. The counts do not depend on how many there are.
 *
 * The photos are those of `DATASET.list_val` or of the folders `images` and `labels`; the weights those of `VAL.checkpoint`.
 *
 * @throws {CliError} `config`, `usage` or `missing` before anything is scored; `failed` if a worker and its replacement died.
 * @throws {DataError} if a photo or label is missing or wrong, naming it.
 * @throws the signal's reason.
 */
export async function evaluate(options: EvaluateOptions = {}): Promise<Evaluation> {
  const { backend = "auto", log = () => {}, signal } = options;
  const { resolved, locate } = resolveModel(options, "VAL");
  return runEvaluation(resolved, options, { locate, backend, log, warn: log, signal });
}
