import * as tf from "@tensorflow/tfjs";
import { LayersError } from "./errors.ts";
import { applyLayer, checkInput, execute, flatten, needed } from "./graph.ts";

/** Models made ready for training; see {@link trainingModel}. */
export interface TrainingModel {
  /** The trained variables: those of the layers that were trainable when this was made. */
  readonly variables: tf.Variable[];
  /**
   * One forward and backward pass.
   *
   * @param x - `[batch, height, width, channels]`, float32; stays the caller's.
   * @param loss - Makes a scalar of the last model's outputs.
   * @throws {LayersError} `shape` if it makes something else.
   * @returns The loss, with the penalties of the layers' regularizers where they have any, and the gradient of each of `variables` by its
   *   name, as `tf.variableGrads` and every optimizer's `applyGradients` have them; the caller disposes them.
   */
  gradients(x: tf.Tensor, loss: (outputs: tf.Tensor[]) => tf.Scalar): { loss: tf.Scalar; gradients: tf.NamedTensorMap };
}

/** One operation as TF.js's tape holds it. */
interface TapeNode {
  kernelName: string;
  inputs: tf.NamedTensorMap;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
  gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

/** The engine's tape, which TF.js itself uses for `tf.grads` but does not declare. */
interface TapeEngine {
  startTape(): void;
  endTape(): void;
  state: { activeTape: TapeNode[] | null };
}

/**
 * Prepares models for training with as little memory as their gradients allow. `tf.variableGrads` keeps every intermediate
 * to the end of the forward pass and every gradient to the end of the backward pass; here an intermediate goes when its last
 * reader has run unless a gradient saved it, and what the backward pass has used goes at once.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before.
 * @throws {LayersError} `model` if the chain does not fit together.
 *
 * @example
 * ```ts
 * import { conv2d, trainingModel } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const layer = conv2d({ name: "conv", inputShape: [2, 2, 1], filters: 1, kernelSize: 1, useBias: false });
 * const { variables, gradients } = trainingModel(tf.sequential({ layers: [layer] }));
 * const found = gradients(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), ([y]) => (y as tf.Tensor).sum().asScalar());
 * // The loss is the kernel's weight times 1 + 2 + 3 + 4.
 * for (const { name } of variables) console.log(name, found.gradients[name]?.dataSync()[0]); // conv/kernel 10
 * ```
 */
export function trainingModel(models: tf.LayersModel | tf.LayersModel[]): TrainingModel {
  const chain = Array.isArray(models) ? models : [models];
  const { nodes, input, inputShape, results } = flatten(chain);
  const used = needed(nodes, results);
  const layers = new Set(used.map(({ layer }) => layer));
  const steps = used.map(({ layer, inputs, output }) => ({
    inputs,
    output,
    run: (values: tf.Tensor[]) => applyLayer(layer, values, true),
  }));
  const variables = chain.flatMap((model) => model.trainableWeights.map((weight) => weight.read() as tf.Variable));
  return {
    variables,
    gradients: (x, loss) => {
      checkInput(x, inputShape);
      const { value, tape } = record(() => {
        const outputs = execute(steps, input, results, x);
        try {
          return tf.tidy(() => penalized(scalar(loss(outputs)), layers));
        } finally {
          tf.dispose(outputs);
        }
      });
      try {
        return { loss: value, gradients: byName(variables, backward(tape, variables, value)) };
      } catch (error) {
        value.dispose();
        for (const { saved } of tape) tf.dispose(saved);
        throw error;
      }
    },
  };
}

function scalar(loss: tf.Tensor): tf.Scalar {
  if (loss instanceof tf.Tensor && loss.size === 1) return loss.rank === 0 ? (loss as tf.Scalar) : loss.asScalar();
  const received = loss instanceof tf.Tensor ? `[${loss.shape}]` : typeof loss;
  throw new LayersError(
    "shape",
    { expected: "a scalar from the loss", received },
    { data: { expected: [], received } },
  );
}

/** The loss with the penalties of the layers' regularizers, as `model.fit` adds them. */
function penalized(loss: tf.Scalar, layers: Iterable<tf.layers.Layer>): tf.Scalar {
  const penalties = [...layers].flatMap((layer) => layer.calculateLosses());
  return penalties.length === 0 ? loss : (tf.addN([loss, ...penalties]) as tf.Scalar);
}

const byName = (variables: tf.Variable[], gradients: tf.Tensor[]): tf.NamedTensorMap =>
  Object.fromEntries(variables.map(({ name }, i) => [name, gradients[i]!]));

/** Runs `forward`, and gives the operations that it ran. */
function record<T>(forward: () => T): { value: T; tape: TapeNode[] } {
  const engine = tf.engine() as unknown as TapeEngine;
  engine.startTape();
  const tape = engine.state.activeTape!;
  try {
    return { value: forward(), tape };
  } catch (error) {
    for (const { saved } of tape) tf.dispose(saved);
    throw error;
  } finally {
    engine.endTape();
    engine.state.activeTape = null;
  }
}

/** Walks the tape back from `y`; gives the gradient of each variable (zeros where none arrives) and empties the tape. */
function backward(tape: TapeNode[], variables: tf.Variable[], y: tf.Tensor): tf.Tensor[] {
  const trained = reachable(tape, variables);
  const gradients = new Map<number, tf.Tensor>([[y.id, tf.onesLike(y)]]);
  for (let node = tape.at(-1); node; node = tape.at(-1)) {
    const { gradient, inputs, outputs, kernelName } = node;
    const dys = outputs.map(({ id }) => gradients.get(id) ?? null);
    const names = Object.keys(inputs).filter((name) => trained.has(inputs[name]!.id));
    if (names.length > 0 && dys.some((dy) => dy)) {
      if (!gradient) {
        tf.dispose([...gradients.values()]);
        throw new LayersError("model", {
          expected: "operations that have a gradient",
          but: `${kernelName} has none`,
          hint: "leave it out of what the loss depends on",
        });
      }
      const dxs = tf.tidy(() => {
        const functions = gradient(dys);
        // What is handed on must not be freed together with dy.
        return names.map((name) => functions[name]!()).map((dx) => (dys.includes(dx) ? dx.clone() : dx));
      });
      names.forEach((name, i) => {
        accumulate(gradients, inputs[name]!.id, dxs[i]!);
      });
    }
    tf.dispose(node.saved);
    tape.pop();
    for (const { id } of outputs) {
      gradients.get(id)?.dispose();
      gradients.delete(id);
    }
  }
  const own = new Set(variables.map(({ id }) => id));
  // A loss that depends on nothing leaves its own.
  for (const [id, gradient] of gradients) if (!own.has(id)) gradient.dispose();
  return variables.map((variable) => gradients.get(variable.id) ?? tf.zerosLike(variable));
}

/** The tensors that depend on a variable. */
function reachable(tape: TapeNode[], variables: tf.Variable[]): Set<number> {
  const ids = new Set(variables.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some(({ id }) => ids.has(id))) for (const { id } of outputs) ids.add(id);
  }
  return ids;
}

function accumulate(gradients: Map<number, tf.Tensor>, id: number, dx: tf.Tensor): void {
  const before = gradients.get(id);
  if (!before) {
    gradients.set(id, dx);
    return;
  }
  gradients.set(id, tf.add(before, dx));
  tf.dispose([before, dx]);
}
