import * as tf from "@tensorflow/tfjs";
import { badOption, LayersError } from "./errors.ts";
import type { Shape } from "./layers/layer.ts";
import { SelectInput } from "./layers/select-input.ts";

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
  /** The tensor that the first model takes, and its shape. */
  input: number;
  inputShape: Shape;
  /** The tensors that the last model gives. */
  results: number[];
  /** Every tensor's shape. */
  shapes: ReadonlyMap<number, Shape>;
}

/**
 * Those of a chain's outputs that are wanted; by default all.
 *
 * @throws {LayersError} `option` for one that there is not.
 */
export function chosenOutputs(
  results: readonly number[],
  outputs: readonly number[] = results.map((_, i) => i),
): number[] {
  if (Array.isArray(outputs) && outputs.every((i) => results[i] !== undefined)) return outputs.map((i) => results[i]!);
  const line = { expected: `indices of the ${results.length} outputs, in an array`, received: `${outputs}` };
  throw badOption("outputs", outputs, line);
}

/** Masks go from layer to layer beside the tensors. */
const hasMask = (layer: tf.layers.Layer) =>
  layer.getClassName() === "Masking" || (layer as { maskZero?: boolean }).maskZero === true;

const isModel = (layer: tf.layers.Layer): layer is tf.LayersModel => layer instanceof tf.LayersModel;

/**
 * The applications of all layers in order, those within nested models included, tensors numbered through the chain.
 *
 * @throws {LayersError} `model` if a model does not take what the one before it gives, or a layer gives several tensors.
 */
export function flatten(chain: tf.LayersModel[]): Graph {
  const nodes: Node[] = [];
  const shapes = new Map<number, Shape>();
  let next = 0;
  const input = next++;

  /** Adds what leads to a model's outputs; gives these. */
  function inline(model: tf.LayersModel, inputs: number[]): number[] {
    if (model.inputs.length !== inputs.length) {
      throw new LayersError(
        "model",
        {
          expected: `a model of ${inputs.length} inputs after the one before it`,
          but: `${model.name} takes ${model.inputs.length}`,
        },
        { data: { model: model.name, expected: inputs.length, received: model.inputs.length } },
      );
    }
    for (const [i, tensor] of model.inputs.entries()) {
      const given = shapes.get(inputs[i]!);
      if (given && !isCompatible(given, tensor.shape)) {
        throw new LayersError(
          "model",
          { expected: `[${tensor.shape}] for ${model.name}`, but: `the model before it gives [${given}]` },
          { data: { model: model.name, expected: tensor.shape, received: given } },
        );
      }
      shapes.set(inputs[i]!, given ?? tensor.shape);
    }
    // Of this application of the model alone: it may have others, with other tensors.
    const ids = new Map(model.inputs.map((tensor, i) => [tensor, inputs[i]!]));
    const visit = (tensor: tf.SymbolicTensor): number => {
      if (!ids.has(tensor)) apply(tensor);
      return ids.get(tensor)!;
    };
    const apply = ({ sourceLayer, nodeIndex }: tf.SymbolicTensor) => {
      const layer = sourceLayer as tf.layers.Layer;
      const { inputTensors, outputTensors } = (layer as unknown as { inboundNodes: GraphNode[] }).inboundNodes[
        nodeIndex!
      ]!;
      const from = inputTensors.map(visit);
      if (isModel(layer)) {
        for (const [i, id] of inline(layer, from).entries()) ids.set(outputTensors[i]!, id);
        return;
      }
      if (outputTensors.length !== 1) {
        throw new LayersError(
          "model",
          { expected: "layers that give one tensor each", but: `${layer.name} gives ${outputTensors.length}` },
          { data: { model: model.name, layer: layer.name, received: outputTensors.length } },
        );
      }
      if (layer instanceof SelectInput) {
        ids.set(outputTensors[0]!, from[layer.index]!);
        return;
      }
      if (hasMask(layer)) {
        throw new LayersError(
          "model",
          {
            expected: "layers without masks",
            but: `${layer.name} makes one`,
            hint: "use the model's own predict and fit",
          },
          { data: { model: model.name, layer: layer.name } },
        );
      }
      const output = next++;
      ids.set(outputTensors[0]!, output);
      shapes.set(output, outputTensors[0]!.shape);
      nodes.push({ layer, inputs: from, output });
    };
    return model.outputs.map(visit);
  }

  if (chain.length === 0) {
    throw new LayersError("model", { expected: "a model, or a chain of at least one", received: "an empty chain" });
  }
  let results = [input];
  for (const model of chain) results = inline(model, results);
  return { nodes, input, inputShape: shapes.get(input)!, results, shapes };
}

const isCompatible = (a: Shape, b: Shape) =>
  a.length === b.length && a.every((n, i) => n == null || b[i] == null || n === b[i]);

/**
 * Checks what a flattened model is given.
 *
 * @throws {LayersError} `shape`.
 */
export function checkInput(x: tf.Tensor, expected: Shape): void {
  if (x instanceof tf.Tensor && isCompatible(x.shape.slice(1), expected.slice(1))) return;
  const received = x instanceof tf.Tensor ? `[${x.shape}]` : typeof x;
  const shape = expected.map((n) => n ?? "any");
  throw new LayersError("shape", { expected: `a tensor [${shape}]`, received }, { data: { expected, received } });
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
        tf.tidy(() => {
          const inputs = step.inputs.map((id) => values.get(id)!);
          const y = step.run(inputs);
          // Dropout at inference and the like give what they get, which is freed as their input.
          return inputs.includes(y) ? y.clone() : y;
        }),
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
    return wanted.map((id) => (id === input ? x.clone() : values.get(id)!));
  } catch (error) {
    for (const [id, value] of values) if (id !== input) value.dispose();
    throw error;
  }
}
