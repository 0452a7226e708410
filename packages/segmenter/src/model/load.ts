import type { CheckpointSource } from "@seg/checkpoint";
import { inferenceModel, type TensorInferenceModel } from "@seg/layers";
import type * as tf from "@tensorflow/tfjs";
import { HALVES, type Half } from "../config/halves.ts";
import type { Config } from "../config/schema.ts";
import { loadHalf } from "./fit.ts";
import { buildSegmentationModel, halvesOf } from "./segmentation-model.ts";

/**
 * Builds the configuration's two networks on the current engine, loads their weights, and prepares them for inference.
 *
 * @param weights - of each network, in any form that `readCheckpoint` of `@seg/checkpoint` takes; both may be one file.
 * @returns of an image `[batch, height, width, 3]`, float32, normalized as the configuration has it, the logits
 *   `[batch, h, w, numClasses]`, float32, without the auxiliary ones; the caller disposes it.
 * @throws {CheckpointError} naming the file, if weights are damaged or of another architecture or number of classes.
 * @throws {DecoderError} if the decoder cannot work on the encoder's features.
 *
 * @example
 * ```ts
 * import { DEMO_MODEL, loadConfig, loadNetwork, locateWeights } from "@seg/pipeline";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const { DIR, "TEST.checkpoint": checkpoint } = DEMO_MODEL.set;
 * const resolved = loadConfig({ cfg: DEMO_MODEL.config, set: [`DIR=${DIR}`, `TEST.checkpoint=${checkpoint}`] });
 * const network = await loadNetwork(resolved.config, await locateWeights(resolved));
 * // A normalized image of 32×48 pixels, at a stride of 8.
 * const [logits] = network.predict(tf.zeros([1, 32, 48, 3]));
 * console.log(logits?.shape); // [ 1, 4, 6, 150 ]
 * network.dispose();
 * ```
 */
export async function loadNetwork(
  config: Config,
  weights: Readonly<Record<Half, CheckpointSource>>,
): Promise<TensorInferenceModel> {
  const model = unloadedModel(config);
  try {
    const models = halvesOf(model);
    for (const half of HALVES)
      await loadHalf({ half, model: models[half], file: weights[half], config, use: "inference" });
    return inferenceModel(model, [0]);
  } finally {
    model.dispose();
  }
}

/**
 * The configuration's networks as one model, for weights that are to come.
 *
 * @example
 * ```ts
 * import { unloadedModel } from "@seg/segmenter";
 * import { resolveConfig } from "@seg/segmenter/config";
 *
 * const set = { "MODEL.arch_encoder": "mobilenetv2dilated", "MODEL.arch_decoder": "c1", "DATASET.num_class": 11 };
 * const { config } = resolveConfig(Object.entries(set).map(([key, value]) => ({ key, value, origin: "here" })));
 * const model = unloadedModel(config);
 * console.log(model.outputs[0]?.shape); // [ null, null, null, 11 ]
 * model.dispose();
 * ```
 */
export const unloadedModel = ({ MODEL, DATASET }: Config): tf.LayersModel =>
  buildSegmentationModel({
    encoder: MODEL.arch_encoder,
    decoder: MODEL.arch_decoder,
    numClasses: DATASET.num_class,
    weights: "zeros",
  });
