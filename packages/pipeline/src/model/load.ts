import { startEngine } from "@seg/backend";
import type { WeightReader } from "@seg/checkpoint";
import { inferenceModel, type TensorInferenceModel } from "@seg/layers";
import type { WeightSource } from "@seg/layers/inference-graph";
import { type OnnxInferenceModel, type OnnxInferenceOptions, onnxInference } from "@seg/onnx";
import * as tf from "@tensorflow/tfjs";
import type { Config } from "../config/schema.ts";
import { HALVES, type WeightFiles } from "../weights/find.ts";
import type { PretrainedFiles } from "../weights/pretrained.ts";
import { describeBeginning, loadHalf, readHalf } from "./fit.ts";
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
    const models = halvesOf(model);
    for (const half of HALVES)
      await loadHalf({ half, model: models[half], file: files[half], config, use: "inference" });
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
    const models = halvesOf(model);
    const readers: WeightReader[] = [];
    for (const half of HALVES)
      readers.push(await readHalf({ half, model: models[half], file: files[half], config, use: "inference" }));
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
 * Loads the weights that a training begins with; a half without a file keeps what it was initialized with.
 *
 * @param warn - told in a line a file which of the network's layers begin anew all the same, and what of the file was passed over.
 * @throws {CheckpointError} naming the file, if they are damaged or of another architecture, as `TRAIN.strict` has it.
 */
export async function loadPretrained(
  models: Record<keyof PretrainedFiles, tf.LayersModel>,
  files: PretrainedFiles,
  { config, warn }: { config: Config; warn: (line: string) => void },
): Promise<void> {
  for (const half of HALVES) {
    const file = files[half];
    if (file === undefined) continue;
    const report = await loadHalf({ half, model: models[half], file, config, use: "training" });
    const line = describeBeginning(file, report);
    if (line) warn(line);
  }
}
