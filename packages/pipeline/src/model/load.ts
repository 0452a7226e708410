import { loadWeightsInto, stateDictOf } from "@seg/checkpoint";
import { buildDecoder, type DecoderName, type RequiredFeatures } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { type InferenceModel, inferenceModel } from "@seg/layers";
import type * as tf from "@tensorflow/tfjs";
import type { Config } from "../config/schema.ts";
import type { WeightFiles } from "../weights/find.ts";
import type { PretrainedFiles } from "../weights/pretrained.ts";

/**
 * Builds the configuration's two networks on the current engine, loads their weights, and prepares them for inference.
 *
 * @throws {CheckpointError} naming the file, if weights are damaged or of another architecture or number of classes.
 * @throws {DecoderError} if the decoder cannot work on the encoder's features.
 */
export async function loadNetwork({ MODEL, DATASET }: Config, files: WeightFiles): Promise<InferenceModel> {
  const options = { weights: "zeros" } as const;
  const encoder = buildEncoder(MODEL.arch_encoder, options);
  const models = [encoder.model];
  try {
    // Which pair it is shows only here, so the decoder checks the features at run time.
    const features = encoder.featureInfo as readonly unknown[] as RequiredFeatures[DecoderName];
    const decoder = buildDecoder(MODEL.arch_decoder, features, { ...options, numClasses: DATASET.num_class });
    models.push(decoder.model);
    await loadWeightsInto(encoder.model, files.encoder);
    await loadWeightsInto(decoder.model, files.decoder);
    return inferenceModel(models, [0]);
  } finally {
    for (const model of models) model.dispose();
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
