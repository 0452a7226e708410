import { loadWeightsInto, stateDictOf } from "@seg/checkpoint";
import { type InferenceModel, inferenceModel } from "@seg/layers";
import type * as tf from "@tensorflow/tfjs";
import type { Config } from "../config/schema.ts";
import type { WeightFiles } from "../weights/find.ts";
import type { PretrainedFiles } from "../weights/pretrained.ts";
import { buildSegmentationModel, halvesOf } from "./segmentation-model.ts";

/**
 * Builds the configuration's two networks on the current engine, loads their weights, and prepares them for inference.
 *
 * @throws {CheckpointError} naming the file, if weights are damaged or of another architecture or number of classes.
 * @throws {DecoderError} if the decoder cannot work on the encoder's features.
 */
export async function loadNetwork({ MODEL, DATASET }: Config, files: WeightFiles): Promise<InferenceModel> {
  const model = buildSegmentationModel({
    encoder: MODEL.arch_encoder,
    decoder: MODEL.arch_decoder,
    numClasses: DATASET.num_class,
    weights: "zeros",
  });
  try {
    const { encoder, decoder } = halvesOf(model);
    await loadWeightsInto(encoder, files.encoder);
    await loadWeightsInto(decoder, files.decoder);
    return inferenceModel(model, [0]);
  } finally {
    model.dispose();
  }
}

/**
 * Loads pretrained weights; a half without a file keeps what it was initialized with.
 *
 * @throws {CheckpointError} naming the file, if they are damaged or of another architecture or number of classes.
 */
export async function loadPretrained(
  models: Record<keyof PretrainedFiles, tf.LayersModel>,
  files: PretrainedFiles,
): Promise<void> {
  for (const half of ["encoder", "decoder"] as const) {
    const file = files[half];
    if (file === undefined) continue;
    // Files made for ImageNet hold the classifier too.
    const known = half === "encoder" ? new Set((await stateDictOf(models.encoder)).keys()) : undefined;
    await loadWeightsInto(models[half], file, known && { ignore: (name) => !known.has(name) });
  }
}
