import { startEngine } from "@seg/backend";
import type { WeightReader } from "@seg/checkpoint";
import type { WeightSource } from "@seg/layers/inference-graph";
import { type OnnxInferenceModel, type OnnxInferenceOptions, onnxInference } from "@seg/onnx";
import { describeBeginning, halvesOf, loadHalf, readHalf, unloadedModel } from "@seg/segmenter";
import { type Config, HALVES } from "@seg/segmenter/config";
import * as tf from "@tensorflow/tfjs";
import type { WeightFiles } from "../weights/find.ts";
import type { PretrainedFiles } from "../weights/pretrained.ts";

/**
 * `loadNetwork` of `@seg/segmenter` on ONNX Runtime: the weights go from the files to the runtime, and TF.js computes nothing.
 *
 * @throws {CheckpointError} and {DecoderError} as `loadNetwork` does.
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
 * @throws {CheckpointError} and {DecoderError} as `loadNetwork` does.
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
