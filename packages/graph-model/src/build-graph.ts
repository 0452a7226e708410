import { type InferenceGraph, inferenceGraph, type Operation } from "@seg/layers/inference-graph";
import type * as tf from "@tensorflow/tfjs";
import { emit } from "./emit/index.ts";
import { resizedTo } from "./emit/resizing.ts";
import { extentOf } from "./emit/shapes.ts";
import { badOption, GraphModelError } from "./errors.ts";
import { type Attr, attr, GraphDefBuilder, type NodeDef, type TensorShape, tensorShape } from "./graph-def.ts";
import type { CheckedOptions, GraphModelOutput } from "./options.ts";
import type { WeightBlock } from "./weights.ts";

/** The JSON form of TensorFlow's `GraphDef`. */
export interface GraphDef {
  readonly node: readonly NodeDef[];
  readonly library: Readonly<Record<string, never>>;
  readonly versions: { readonly producer: number; readonly minConsumer: number };
}

/** A tensor that a graph takes or gives, by the name of its node. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: "DT_FLOAT" | "DT_INT32";
  readonly tensorShape: TensorShape;
}

/** What a graph takes and gives, by names. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

/** A graph, what it takes and gives, and its constants, unread. */
export interface BuiltGraph {
  readonly topology: GraphDef;
  readonly signature: Signature;
  readonly weights: readonly WeightBlock[];
}

/** What a chain of models computes as a graph of TensorFlow's operations. */
export function buildGraph(models: tf.LayersModel | readonly tf.LayersModel[], options: CheckedOptions): BuiltGraph {
  const { outputs, weights, output, normalize } = options;
  const from = inferenceGraph(models, { outputs, weights });
  const inputShape = from.shapes.get(from.input)!;
  const channels = inputShape.at(-1);
  if (normalize && normalize.mean.length !== channels) {
    throw badOption("normalize", normalize.mean, `${channels} numbers as normalize.mean, one for each channel`);
  }
  if (output !== "logits") for (const id of from.outputs) checkScores(from, id, output);

  const graph = new GraphDefBuilder();
  const shape = tensorShape(inputShape);
  // Without a type the graph takes whole numbers as well as others.
  const type: Record<string, Attr> = normalize ? {} : { dtype: attr.type("DT_FLOAT") };
  const input = graph.named("input", "Placeholder", [], { shape: { shape }, ...type });
  let x = input;
  if (normalize) {
    const { mean, std, scale } = normalize;
    x = graph.add("Cast", [x], { DstT: attr.type("DT_FLOAT") });
    x = graph.add("Mul", [x, graph.floats(std.map((s) => scale / s))]);
    x = graph.add("Sub", [x, graph.floats(mean.map((m, c) => m / std[c]!))]);
  }
  const given = emit(from, graph, x).map((node, i) => {
    const name = from.outputs.length === 1 ? output : `${output}_${i}`;
    const scores = from.shapes.get(from.outputs[i]!)!;
    const dtype = output === "labels" ? "DT_INT32" : "DT_FLOAT";
    const sizes = {
      logits: scores,
      probabilities: [...inputShape.slice(0, 3), scores.at(-1)!],
      labels: inputShape.slice(0, 3),
    }[output];
    // A node of its own for each output: two may be one tensor, or be named like a layer.
    const own = graph.named(name, "Identity", [finished(graph, node, output, input)], { T: attr.type(dtype) });
    return [name, { name: `${own}:0`, dtype, tensorShape: tensorShape(sizes) }] as const;
  });
  const taken = { name: `${input}:0`, dtype: normalize ? "DT_INT32" : "DT_FLOAT", tensorShape: shape } as const;
  return {
    topology: { node: graph.nodes, library: {}, versions: { producer: 1, minConsumer: 0 } },
    signature: { inputs: { input: taken }, outputs: Object.fromEntries(given) },
    weights: graph.weights,
  };
}

/** The scores of a network as they are, or for each pixel of the input: as probabilities, or the class of the highest. */
function finished(graph: GraphDefBuilder, scores: string, output: GraphModelOutput, input: string): string {
  if (output === "logits") return scores;
  const large = resizedTo(graph, scores, extentOf(graph, input));
  if (output === "probabilities") return graph.add("Softmax", [large]);
  return graph.add("ArgMax", [large, graph.ints(3)], { output_type: attr.type("DT_INT32") });
}

/** @throws {GraphModelError} `model` for outputs that are no map of scores. */
function checkScores(from: InferenceGraph, id: number, output: GraphModelOutput): void {
  const [input, scores] = [from.shapes.get(from.input)!, from.shapes.get(id)!];
  const last = from.operations.find((operation) => operation.output === id);
  const refuse = (but: string, layer = last?.name) =>
    new GraphModelError(
      "model",
      { expected: `scores of an image's pixels for the output ${output}`, but, hint: "leave output out" },
      { data: { layer: layer!, received: scores } },
    );
  if (input.length !== 4) throw refuse(`the model takes [${input}], which is no image`);
  if (scores.length !== 4) throw refuse(`${last?.name ?? "the model"} gives [${scores}]`);
  if (output === "probabilities" && isSoftmax(last)) throw refuse(`${last.name} gives probabilities already`);
}

const isSoftmax = (operation: Operation | undefined): operation is Operation =>
  operation?.op === "activation" && operation.function.kind === "softmax";
