import * as tf from "@tensorflow/tfjs";
import { badOption, LayersError, refuseUnknown } from "../errors.ts";
import { chosenOutputs, flatten, needed } from "../graph.ts";
import type { Shape } from "../layers/layer.ts";
import { type GraphBuilder, inexpressible } from "./builder.ts";
import { convolveBeforeResizing } from "./convolve-before-resizing.ts";
import { foldAffine } from "./fold-affine.ts";
import { LOWERINGS } from "./lower.ts";
import type { Operation } from "./operation.ts";
import type { WeightSource } from "./weights.ts";

/** Models in a chain as plain operations, their weights unread. */
export interface InferenceGraph {
  /** In an order in which each comes after those that feed it. */
  readonly operations: readonly Operation[];
  /** The tensor that the first model takes. */
  readonly input: number;
  /** The wanted tensors. */
  readonly outputs: readonly number[];
  /** Shapes of tensors, unknown dimensions null. */
  readonly shapes: ReadonlyMap<number, Shape>;
}

/** Options of {@link inferenceGraph}. */
export interface InferenceGraphOptions {
  /** Which outputs of the last model are wanted. Default: all. */
  outputs?: readonly number[] | undefined;
  /** Where weights come from. Default: the models' variables. */
  weights?: WeightSource | undefined;
}

/**
 * What a chain of models computes at inference, as plain operations: batch norms folded into the convolutions before them, dropout gone,
 * parts that the outputs do not need left out, convolutions of resized images marked as such. Nothing is computed and no weight is read
 * until `read` of a {@link LazyArray} is called; the models are to stay as they are until then.
 *
 * @param models - One model, or a chain in which each takes the outputs of the one before.
 * @throws {LayersError} `model` if the chain does not fit together, or for a layer that has no such form, by name; `option`.
 */
export function inferenceGraph(
  models: tf.LayersModel | readonly tf.LayersModel[],
  options: InferenceGraphOptions = {},
): InferenceGraph {
  refuseUnknown(options, ["outputs", "weights"], "an option of inferenceGraph");
  if (options.weights !== undefined && typeof options.weights !== "function") {
    throw badOption("weights", options.weights, {
      expected: "a function for weights",
      received: typeof options.weights,
    });
  }
  if (Array.isArray(options.outputs) && options.outputs.length === 0) {
    throw badOption("outputs", options.outputs, { expected: "at least one of the outputs", received: "none" });
  }
  const flat = flatten(chainOf(models));
  const wanted = chosenOutputs(flat.results, options.outputs);
  const shapes = new Map<number, Shape>();
  const operations: Operation[] = [];
  const tensor = (shape: Shape) => {
    const id = shapes.size;
    shapes.set(id, shape);
    return id;
  };
  const builder = (name: string): GraphBuilder => ({
    weights: options.weights ?? (() => undefined),
    shapeOf: (id) => shapes.get(id)!,
    tensor,
    add(operation, inputs, shape) {
      const output = tensor(shape);
      operations.push({ ...operation, name, inputs, output } as Operation);
      return output;
    },
  });
  const input = tensor(flat.inputShape);
  const ids = new Map([[flat.input, input]]);
  for (const { layer, inputs, output } of needed(flat.nodes, wanted)) {
    const lower = Object.hasOwn(LOWERINGS, layer.getClassName()) ? LOWERINGS[layer.getClassName()] : undefined;
    if (!lower) throw inexpressible(layer, `a ${layer.getClassName()}`);
    const from = inputs.map((id) => ids.get(id)!);
    ids.set(output, lower(layer, from, flat.shapes.get(output)!, builder(layer.name)));
  }
  const outputs = wanted.map((id) => ids.get(id)!);
  const folded = foldAffine(operations, outputs);
  return {
    operations: convolveBeforeResizing(folded, outputs, builder),
    input,
    outputs,
    shapes,
  };
}

function chainOf(models: tf.LayersModel | readonly tf.LayersModel[]): tf.LayersModel[] {
  const chain = [models].flat() as tf.LayersModel[];
  const other = chain.find((model) => !(model instanceof tf.LayersModel));
  if (other === undefined && models !== undefined) return chain;
  const received = (other as object | undefined)?.constructor?.name ?? String(other);
  throw new LayersError("model", { expected: "a tf.LayersModel, or an array of them", received });
}
