import { startEngine } from "@seg/backend";
import { loadWeightsInto, stateDictOf, weightsFor } from "@seg/checkpoint";
import { inferenceModel, type TensorInferenceModel } from "@seg/layers";
import type { WeightSource } from "@seg/layers/inference-graph";
import { type OnnxInferenceModel, type OnnxInferenceOptions, onnxInference } from "@seg/onnx";
import * as tf from "@tensorflow/tfjs";
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
export async function loadNetwork(config: Config, files: WeightFiles): Promise<TensorInferenceModel> {
  const model = unloadedModel(config);
  try {
    const { encoder, decoder } = halvesOf(model);
    await loadWeightsInto(encoder, files.encoder);
    await loadWeightsInto(decoder, files.decoder);
    return inferenceModel(model, [0]);
  } finally {
    model.dispose();
  }
}

/** The configuration's networks, for weights that are to come. */
const unloadedModel = ({ MODEL, DATASET }: Config): tf.LayersModel =>
  buildSegmentationModel({
    encoder: MODEL.arch_encoder,
    decoder: MODEL.arch_decoder,
    numClasses: DATASET.num_class,
    weights: "zeros",
  });

/**
 * The same on ONNX Runtime: the weights go from the files to the runtime, and TF.js computes nothing.
 *
 * @throws {CheckpointError} and {DecoderError} as {@link loadNetwork} does.
 * @throws {OnnxError} if the runtime cannot take it.
 */
export const loadOnnxNetwork = (
  config: Config,
  files: WeightFiles,
  settings: OnnxInferenceOptions,
): Promise<OnnxInferenceModel> =>
  withUnreadWeights(config, files, (model, weights, onWeightsRead) =>
    onnxInference(model, { ...settings, outputs: [0], weights, onWeightsRead }),
  );

/** Layers are built of variables, which some engine must hold; it computes nothing. */
export async function holdVariables(): Promise<void> {
  if (!tf.getBackend()) await startEngine("cpu");
}

/**
 * Builds the configuration's networks, opens their weights beside them, without writing them into the model, and frees both when the work
 * is done; `release` lets go of the weights before.
 *
 * @throws {CheckpointError} and {DecoderError} as {@link loadNetwork} does.
 */
export async function withUnreadWeights<T>(
  config: Config,
  files: WeightFiles,
  work: (model: tf.LayersModel, weights: WeightSource, release: () => void) => Promise<T>,
): Promise<T> {
  await holdVariables();
  const model = unloadedModel(config);
  try {
    const { encoder, decoder } = halvesOf(model);
    const readers = [await weightsFor(encoder, files.encoder), await weightsFor(decoder, files.decoder)];
    const weights: WeightSource = (variable) => {
      for (const read of readers) {
        const values = read(variable);
        if (values) return values;
      }
      return undefined;
    };
    const release = () => void readers.splice(0);
    return await work(model, weights, release).finally(release);
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
