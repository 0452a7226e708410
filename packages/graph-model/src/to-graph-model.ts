import type * as tf from "@tensorflow/tfjs";
import { type BuiltGraph, buildGraph, type GraphDef, type Signature } from "./build-graph.ts";
import { type GraphModelFile, WeightBytes, type WeightSpec } from "./files.ts";
import { checkOptions, type GraphModelOptions } from "./options.ts";

/** What `model.json` holds. */
export interface GraphModelJson {
  readonly format: "graph-model";
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: GraphDef;
  readonly signature: Signature;
  readonly weightsManifest: readonly [{ readonly paths: readonly string[]; readonly weights: readonly WeightSpec[] }];
  readonly userDefinedMetadata?: Readonly<Record<string, unknown>>;
}

/** A graph model that is to be written. */
export interface GraphModelFiles {
  /** What `model.json` holds. */
  readonly modelJson: GraphModelJson;
  /** Bytes of all files together. */
  readonly byteLength: number;
  /** `model.json` and the files of weights, which it names; they belong into one folder. Weights are read as they are asked for. */
  files(): Iterable<GraphModelFile>;
}

/**
 * A model, or a chain of them, as a TensorFlow.js graph model: files of stock operations that `tf.loadGraphModel` opens where none of
 * these packages is. Height, width and batch are free where they are in the model.
 *
 * Weights are read while the files are, one at a time; the models are to stay as they are until then, and remain the caller's.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before. Their inputs are float32.
 * @throws {LayersError} `model` if the chain does not fit together, or for a layer that has no such form, by name; `option` for outputs.
 * @throws {GraphModelError} `option`; `model` if the output asked for is none that the model has; while weights are read, `value` for one
 *   beyond float16.
 *
 * @example
 * ```ts
 * import { toGraphModel } from "@seg/graph-model";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
 * const names = [...toGraphModel(model).files()].map(({ name }) => name);
 * console.log(names.join(", ")); // model.json, group1-shard1of1.bin
 * ```
 */
export function toGraphModel(
  models: tf.LayersModel | readonly tf.LayersModel[],
  options: GraphModelOptions = {},
): GraphModelFiles {
  const { shardBytes, half, metadata, ...checked } = checkOptions(options);
  const built = buildGraph(models, { shardBytes, half, ...checked });
  const weights = new WeightBytes(built.weights, half);
  const count = Math.max(1, Math.ceil(weights.byteLength / shardBytes));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const modelJson: GraphModelJson = {
    ...header(built),
    convertedBy: null,
    weightsManifest: [{ paths, weights: weights.specs }],
    ...(metadata && { userDefinedMetadata: metadata }),
  };
  const json = new TextEncoder().encode(JSON.stringify(modelJson));
  return {
    modelJson,
    byteLength: json.length + weights.byteLength,
    *files() {
      yield { name: "model.json", chunks: [json] };
      for (const [i, name] of paths.entries()) {
        const [begin, end] = [i * shardBytes, Math.min((i + 1) * shardBytes, weights.byteLength)];
        yield { name, chunks: { [Symbol.iterator]: () => weights.range(begin, end) } };
      }
    },
  };
}

/**
 * The same as {@link toGraphModel} in memory, for `tf.loadGraphModel(tf.io.fromMemory(artifacts))` or `tf.io`'s handlers that save. All
 * weights are read at once.
 *
 * @throws {LayersError | GraphModelError} as {@link toGraphModel} does.
 *
 * @example
 * ```ts
 * import { graphModelArtifacts } from "@seg/graph-model";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const sum = tf.layers.dense({ inputShape: [2], units: 1, kernelInitializer: "ones" });
 * const artifacts = graphModelArtifacts(tf.sequential({ layers: [sum] }));
 * const graph = await tf.loadGraphModel(tf.io.fromMemory(artifacts));
 * console.log((graph.predict(tf.tensor2d([[2, 3]])) as tf.Tensor).dataSync()[0]); // 5
 * ```
 */
export function graphModelArtifacts(
  models: tf.LayersModel | readonly tf.LayersModel[],
  options: Omit<GraphModelOptions, "shardBytes"> = {},
): tf.io.ModelArtifacts {
  const checked = checkOptions(options);
  const built = buildGraph(models, checked);
  const weights = new WeightBytes(built.weights, checked.half);
  const weightData = new Uint8Array(weights.byteLength);
  let at = 0;
  for (const chunk of weights.range(0, weights.byteLength)) {
    weightData.set(chunk, at);
    at += chunk.length;
  }
  return {
    ...header(built),
    weightSpecs: weights.specs as tf.io.WeightsManifestEntry[],
    weightData: weightData.buffer,
    ...(checked.metadata && { userDefinedMetadata: checked.metadata as Record<string, object> }),
  };
}

const header = ({ topology, signature }: BuiltGraph) => ({
  format: "graph-model" as const,
  generatedBy: "@seg/graph-model",
  modelTopology: topology,
  signature,
});
