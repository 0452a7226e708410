import * as tf from "@tensorflow/tfjs";
import { LayersError } from "./errors.ts";
import type { ActivationName } from "./kernel-names.ts";
import { Conv2DLayer } from "./layers/conv2d.ts";
import { activate } from "./ops/activation.ts";

/** A trained network without its training parts; see {@link inferenceModel}. */
export interface InferenceModel {
  /**
   * Runs the network.
   *
   * @param x - `[batch, height, width, channels]`, float32; stays the caller's.
   * @returns The chosen outputs, in order; the caller disposes them.
   */
  predict(x: tf.Tensor): tf.Tensor[];
  /** Frees the folded weights. The models stay as they are. */
  dispose(): void;
}

/** A normalization that is x·scale + offset at inference, optionally with an activation and a residual as second input. */
interface AffineLayer extends tf.layers.Layer {
  asAffine(): { scale: tf.Tensor1D; offset: tf.Tensor1D };
  activation: ActivationName | null;
}

const isAffine = (layer: tf.layers.Layer): layer is AffineLayer => "asAffine" in layer;

/** One application of a layer in the graph. */
interface Node {
  layer: tf.layers.Layer;
  inputs: number[];
  output: number;
}

interface Step {
  inputs: number[];
  output: number;
  run(inputs: tf.Tensor[]): tf.Tensor;
}

/** The parts of TF.js's graph that it does not declare. */
interface GraphNode {
  inputTensors: tf.SymbolicTensor[];
  outputTensors: tf.SymbolicTensor[];
}

/**
 * Prepares models for inference: each batch norm is folded into the convolution before it, bias and activation are fused
 * where the engine can, parts that the outputs do not need are left out, and every intermediate is freed as soon as its last
 * reader has run.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before. Their weights are copied.
 * @param outputs - Which outputs of the last model are wanted. Default: all.
 * @throws {LayersError} if the chain does not fit together.
 */
export function inferenceModel(models: tf.LayersModel | tf.LayersModel[], outputs?: number[]): InferenceModel {
  const chain = Array.isArray(models) ? models : [models];
  const { nodes, input, results } = flatten(chain);
  const wanted = (outputs ?? results.map((_, i) => i)).map((i) => results[i]!);
  const steps = fold(needed(nodes, wanted), wanted);
  const weights = steps.flatMap((step) => step.weights);
  return {
    predict: (x) => execute(steps, input, wanted, x),
    dispose: () => {
      tf.dispose(weights);
    },
  };
}

/** The applications of all layers in order, tensors numbered through the chain. */
function flatten(chain: tf.LayersModel[]): { nodes: Node[]; input: number; results: number[] } {
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
function needed(nodes: Node[], wanted: number[]): Node[] {
  const alive = new Set(wanted);
  const kept: Node[] = [];
  for (const node of [...nodes].reverse()) {
    if (!alive.has(node.output)) continue;
    for (const id of node.inputs) alive.add(id);
    kept.push(node);
  }
  return kept.reverse();
}

interface FoldedStep extends Step {
  weights: tf.Tensor[];
}

function fold(nodes: Node[], wanted: number[]): FoldedStep[] {
  const readers = new Map<number, Node[]>();
  for (const node of nodes) for (const id of node.inputs) readers.set(id, [...(readers.get(id) ?? []), node]);
  const folded = new Set<Node>();
  const steps: FoldedStep[] = [];
  for (const node of nodes) {
    if (folded.has(node)) continue;
    if (!(node.layer instanceof Conv2DLayer)) {
      steps.push({ ...node, weights: [], run: (inputs) => applyLayer(node.layer, inputs) });
      continue;
    }
    const next = readers.get(node.output) ?? [];
    const norm =
      next.length === 1 && next[0]!.inputs[0] === node.output && !wanted.includes(node.output) ? next[0] : undefined;
    if (norm && isAffine(norm.layer)) {
      folded.add(norm);
      steps.push(convolution(node.layer, node, norm as Node & { layer: AffineLayer }));
    } else {
      steps.push(convolution(node.layer, node));
    }
  }
  return afterTheirInputs(steps);
}

/** A convolution that took over its batch norm may now read a residual that is computed later: puts steps in order again. */
function afterTheirInputs(steps: FoldedStep[]): FoldedStep[] {
  const byOutput = new Map(steps.map((step) => [step.output, step]));
  const ordered = new Set<FoldedStep>();
  const visit = (step: FoldedStep) => {
    if (ordered.has(step)) return;
    for (const id of step.inputs) {
      const source = byOutput.get(id);
      if (source) visit(source);
    }
    ordered.add(step);
  };
  for (const step of steps) visit(step);
  return [...ordered];
}

function convolution(layer: Conv2DLayer, node: Node, norm?: Node & { layer: AffineLayer }): FoldedStep {
  const [filter, bias] = tf.tidy(() => {
    const kernel = layer.kernel!.read() as tf.Tensor4D;
    const own = layer.bias?.read() ?? tf.zeros([kernel.shape[3]]);
    if (!norm) return [kernel.clone(), own.clone()];
    const { scale, offset } = norm.layer.asAffine();
    return [kernel.mul(scale), own.mul(scale).add(offset)];
  }) as [tf.Tensor4D, tf.Tensor1D];
  const activation = norm?.layer.activation ?? undefined;
  const residuals = norm?.inputs.slice(1) ?? [];
  const inputs = [...node.inputs, ...residuals];
  const run = (values: tf.Tensor[]) => {
    const own = values.slice(0, node.inputs.length);
    if (residuals.length === 0) return layer.infer(own, filter, bias, activation);
    const sum = layer.infer(own, filter, bias).add(values[values.length - 1]!);
    return activation ? activate(sum, activation) : sum;
  };
  return { inputs, output: (norm ?? node).output, weights: [filter, bias], run };
}

const applyLayer = (layer: tf.layers.Layer, inputs: tf.Tensor[]) =>
  layer.call(inputs.length === 1 ? inputs[0]! : inputs, { training: false }) as tf.Tensor;

function execute(steps: Step[], input: number, wanted: number[], x: tf.Tensor): tf.Tensor[] {
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
