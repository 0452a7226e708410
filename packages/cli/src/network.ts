import { loadWeights, readCheckpoint } from "@seg/checkpoint";
import { buildDecoder, type DecoderName, type RequiredFeatures } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { type InferenceModel, inferenceModel } from "@seg/layers";
import type * as tf from "@tensorflow/tfjs";
import type { Config } from "./config/schema.ts";
import { CliError } from "./errors.ts";
import type { WeightFiles } from "./weights/find.ts";

/**
 * Builds the configuration's two networks on the current engine, loads their weights, and prepares them for inference.
 *
 * @throws {CliError} `failed` if weights are damaged or of another architecture or number of classes.
 * @throws {DecoderError} if the decoder cannot work on the encoder's features.
 */
export async function loadNetwork({ MODEL, DATASET }: Config, files: WeightFiles): Promise<InferenceModel> {
  const options = { weights: "zeros" } as const;
  const encoder = buildEncoder(MODEL.arch_encoder, options);
  const models = [encoder.model];
  try {
    // Which pair it is shows only here, so the decoder checks the features at run time.
    const features = encoder.featureInfo as readonly unknown[] as RequiredFeatures[DecoderName];
    const decoder = buildDecoder(MODEL.arch_decoder, features, { ...options, numClass: DATASET.num_class });
    models.push(decoder.model);
    await load(encoder.model, files.encoder);
    await load(decoder.model, files.decoder);
    return inferenceModel(models, [0]);
  } finally {
    for (const model of models) model.dispose();
  }
}

async function load(model: tf.LayersModel, file: string): Promise<void> {
  const state = await readCheckpoint(file);
  try {
    loadWeights(model, state);
  } catch (error) {
    throw new CliError("failed", `${file}: ${(error as Error).message}`, { cause: error });
  }
}
