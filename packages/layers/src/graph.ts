import * as tf from "@tensorflow/tfjs";
import { LayersError } from "./errors.ts";

/** One application of a layer in the graph. */
export interface Node {
  layer: tf.layers.Layer;
  inputs: number[];
  output: number;
}

/** The parts of TF.js's graph that it does not declare. */
interface GraphNode {
  inputTensors: tf.SymbolicTensor[];
  outputTensors: tf.SymbolicTensor[];
}

/** Models in a chain as one list of applications. */
export interface Graph {
  /** In an order in which each comes after those that feed it. */
  nodes: Node[];
  /** The tensor that the first model takes. */
  input: number;
  /** The tensors that the last model gives. */
  results: number[];
}

/**
 * The applications of all layers in order, tensors numbered through the chain.
 *
 * @throws {LayersError} if a model does not take what the one before it gives.
 */
export function flatten(chain: tf.LayersModel[]): Graph {
  const nodes: Node[] = [];
  const ids = new Map<tf.SymbolicTensor, number>();
  let next = 0;
  let results: number[] = [next++];
  const input = results[0]!;
  for (const model of chain) {
    if (model.inputs.length !== results.length) {
      throw new LayersError(
        "model",
        `Expected a model of ${results.length} inputs after the one before it but ${model.name} takes ${model.inputs.length}.`,
      );
    }
    for (const [i, tensor] of model.inputs.entries()) ids.set(tensor, results[i]!);
    for (const layer of inOrder(model)) {
      const node = (layer as unknown as { inboundNodes: GraphNode[] }).inboundNodes[0]!;
      const output = node.outputTensors[0]!;
      if (ids.has(output)) continue;
      ids.set(output, next++);
      nodes.push({ layer, inputs: node.inputTensors.map((tensor) => ids.get(tensor)!), output: ids.get(output)! });
    }
    results = model.outputs.map((tensor) => ids.get(tensor)!);
  }
  return { nodes, input, results };
}

/** A model's layers, each after those that feed it. */
function inOrder(model: tf.LayersModel): tf.layers.Layer[] {
  const ordered: tf.layers.Layer[] = [];
  const seen = new Set<tf.layers.Layer>(model.inputs.map((tensor) => tensor.sourceLayer as tf.layers.Layer));
  const visit = (layer: tf.layers.Layer) => {
    if (seen.has(layer)) return;
    seen.add(layer);
    const { inputTensors } = (layer as unknown as { inboundNodes: GraphNode[] }).inboundNodes[0]!;
    for (const tensor of inputTensors) visit(tensor.sourceLayer as tf.layers.Layer);
    ordered.push(layer);
  };
  for (const output of model.outputs) visit(output.sourceLayer as tf.layers.Layer);
  return ordered;
}

/** The nodes that lead to the wanted tensors, in order. */
export function needed(nodes: Node[], wanted: number[]): Node[] {
  const alive = new Set(wanted);
  const kept: Node[] = [];
  for (const node of [...nodes].reverse()) {
    if (!alive.has(node.output)) continue;
    for (const id of node.inputs) alive.add(id);
    kept.push(node);
  }
  return kept.reverse();
}

/** Something that makes one tensor of others. */
export interface Step {
  inputs: number[];
  output: number;
  run(inputs: tf.Tensor[]): tf.Tensor;
}

/** What a layer gives for its inputs. */
export const applyLayer = (layer: tf.layers.Layer, inputs: tf.Tensor[], training: boolean) =>
  layer.call(inputs.length === 1 ? inputs[0]! : inputs, { training }) as tf.Tensor;

/** Runs steps in order, and frees each tensor when its last reader has run; the input stays, the wanted ones are the caller's. */
export function execute(steps: Step[], input: number, wanted: number[], x: tf.Tensor): tf.Tensor[] {
  const values = new Map<number, tf.Tensor>([[input, x]]);
  const reads = new Map<number, number>([[input, Number.POSITIVE_INFINITY]]);
  const count = (id: number) => reads.set(id, (reads.get(id) ?? 0) + 1);
  for (const step of steps) for (const id of step.inputs) count(id);
  for (const id of wanted) count(id);
  try {
    for (const step of steps) {
      values.set(
        step.output,
        tf.tidy(() => step.run(step.inputs.map((id) => values.get(id)!))),
      );
      for (const id of step.inputs) {
        const left = reads.get(id)! - 1;
        reads.set(id, left);
        if (left === 0) {
          values.get(id)!.dispose();
          values.delete(id);
        }
      }
    }
    return wanted.map((id) => values.get(id)!);
  } catch (error) {
    for (const [id, value] of values) if (id !== input) value.dispose();
    throw error;
  }
}
