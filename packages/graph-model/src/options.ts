import type { InferenceGraphOptions } from "@seg/layers/inference-graph";
import { badOption, refuseUnknown } from "./errors.ts";

/** What a graph gives of a network's scores. */
export type GraphModelOutput = "logits" | "probabilities" | "labels";

/** How pixels become what a network takes: (x · scale − mean) / std, channel by channel. */
export interface Normalization {
  /** One number for each channel, in the unit of x · scale. */
  mean: readonly number[];
  std: readonly number[];
  /** 1/255 where means are of numbers in 0…1, 1 where they are of numbers in 0…255. */
  scale: number;
}

/** Options of {@link toGraphModel}. */
export interface GraphModelOptions extends InferenceGraphOptions {
  /**
   * `logits`: what the network gives, as it is. `labels`: for each pixel of the input the class with the highest score, int32
   * `[batch, height, width]`. `probabilities`: the softmax of the scores there, `[batch, height, width, classes]`. For both of these the
   * scores are resized bilinearly, with half-pixel centres. Default: `logits`.
   */
  output?: GraphModelOutput | undefined;
  /** Makes the graph take pixels as they come, 0…255, int32 or float32, and normalize them itself. Default: no normalization. */
  normalize?: Normalization | undefined;
  /** Weights in float16: half the size, some of their digits. Default: false. */
  half?: boolean | undefined;
  /** The largest size of a file of weights, in bytes. Default: 4 MiB, which browsers cache. */
  shardBytes?: number | undefined;
  /** Plain data of one's own, the `metadata` of the opened model: names of classes, say. */
  metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Options with their defaults. */
export type CheckedOptions = GraphModelOptions & Required<Pick<GraphModelOptions, "output" | "half" | "shardBytes">>;

const OUTPUTS: readonly GraphModelOutput[] = ["logits", "probabilities", "labels"];

const OPTIONS = ["outputs", "weights", "output", "normalize", "half", "shardBytes", "metadata"] as const;
OPTIONS satisfies readonly (keyof GraphModelOptions)[];

/** @throws {GraphModelError} `option` for one that there is not, or out of range. */
export function checkOptions(options: GraphModelOptions): CheckedOptions {
  refuseUnknown(options, OPTIONS, "an option of toGraphModel");
  const { output = "logits", half = false, shardBytes = 4 * 2 ** 20, normalize } = options;
  if (!OUTPUTS.includes(output)) throw badOption("output", output, `one of ${OUTPUTS.join(", ")} for output`);
  if (typeof half !== "boolean") throw badOption("half", half, "true or false for half");
  if (!Number.isInteger(shardBytes) || shardBytes < 1) {
    throw badOption("shardBytes", shardBytes, "a positive number of bytes for shardBytes");
  }
  if (normalize !== undefined) checkNormalization(normalize);
  return { ...options, output, half, shardBytes };
}

function checkNormalization(normalize: Normalization): void {
  refuseUnknown(normalize, ["mean", "std", "scale"], "a part of normalize");
  const { mean, std, scale } = normalize;
  const areNumbers = (list: readonly number[]) => Array.isArray(list) && list.length > 0 && list.every(Number.isFinite);
  if (!areNumbers(mean)) throw badOption("normalize", mean, "a number for each channel as normalize.mean");
  if (!areNumbers(std) || std.length !== mean.length || std.includes(0)) {
    throw badOption("normalize", std, `${mean.length} numbers other than 0 as normalize.std`);
  }
  if (!Number.isFinite(scale) || scale === 0) {
    throw badOption("normalize", scale, "a number other than 0 as normalize.scale");
  }
}
