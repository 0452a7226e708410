import * as tf from "@tensorflow/tfjs";
import { LayersError } from "./errors.ts";
import { applyLayer, checkInput, chosenOutputs, execute, flatten, type Node, needed, type Step } from "./graph.ts";
import type { ActivationName } from "./kernels/names.ts";
import { Conv2D } from "./layers/conv2d.ts";
import { activate } from "./ops/activation.ts";

/** Numbers and their shape, outside of any engine. */
export interface ArrayTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A trained network without its training parts, whatever it runs on. */
export interface InferenceModel {
  /**
   * Runs the network.
   *
   * @param x - `[batch, height, width, channels]`; stays the caller's.
   * @param signal - ends the computation where it can be ended, which is then thrown; most engines do not look.
   * @throws an error of code `shape` for another input than the network takes.
   * @returns The chosen outputs, in order, images as `[batch, height, width, channels]`.
   */
  run(x: ArrayTensor, signal?: AbortSignal): Promise<ArrayTensor[]>;
  /** Frees the weights. */
  dispose(): void | Promise<void>;
}

/** An {@link InferenceModel} on TF.js's engine; see {@link inferenceModel}. */
export interface TensorInferenceModel extends InferenceModel {
  /**
   * Runs the network.
   *
   * @param x - `[batch, height, width, channels]`, float32; stays the caller's.
   * @throws {LayersError} `shape` for another input than the model takes.
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

/**
 * Prepares models for inference: each batch norm is folded into the convolution before it, bias and activation are fused
 * where the engine can, parts that the outputs do not need are left out, and every intermediate is freed as soon as its last
 * reader has run.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before. Their weights are copied.
 * @param outputs - Which outputs of the last model are wanted. Default: all.
 * @throws {LayersError} `model` if the chain does not fit together; `option` for an output that there is not.
 *
 * @example
 * ```ts
 * import { inferenceModel } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [4, 4, 3], filters: 2, kernelSize: 1 })] });
 * const inference = inferenceModel(model);
 * const [scores] = inference.predict(tf.zeros([1, 4, 4, 3]));
 * console.log(scores?.shape); // [ 1, 4, 4, 2 ]
 * inference.dispose();
 * ```
 */
export function inferenceModel(models: tf.LayersModel | tf.LayersModel[], outputs?: number[]): TensorInferenceModel {
  const chain = Array.isArray(models) ? models : [models];
  const { nodes, input, inputShape, results } = flatten(chain);
  const wanted = chosenOutputs(results, outputs);
  const steps = fold(needed(nodes, wanted), wanted);
  const weights = steps.flatMap((step) => step.weights);
  const predict = (x: tf.Tensor) => {
    checkInput(x, inputShape);
    return execute(steps, input, wanted, x);
  };
  return {
    predict,
    async run(image) {
      checkArray(image);
      const { data, shape } = image;
      const x = tf.tensor(data, [...shape]);
      try {
        const results = predict(x);
        try {
          return await Promise.all(
            results.map(async (y) => ({ data: (await y.data()) as Float32Array, shape: y.shape })),
          );
        } finally {
          tf.dispose(results);
        }
      } finally {
        x.dispose();
      }
    },
    dispose: () => {
      tf.dispose(weights);
    },
  };
}

/** @throws {LayersError} `shape` unless there are as many float32 values as the shape has. */
function checkArray(image: ArrayTensor): void {
  const { data, shape } = image ?? {};
  const isShape = Array.isArray(shape) && shape.every((side) => Number.isInteger(side) && side >= 0);
  const count = isShape ? shape.reduce((a, b) => a * b, 1) : Number.NaN;
  if (data instanceof Float32Array && data.length === count) return;
  throw new LayersError(
    "shape",
    {
      expected: "an image { data, shape } of float32 values, as many as its shape has",
      received: `${(data as unknown) instanceof Float32Array ? data.length : typeof data} for [${shape}]`,
    },
    { data: { received: shape } },
  );
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
    if (!(node.layer instanceof Conv2D)) {
      steps.push({ ...node, weights: [], run: (inputs) => applyLayer(node.layer, inputs, false) });
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

function convolution(layer: Conv2D, node: Node, norm?: Node & { layer: AffineLayer }): FoldedStep {
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
