import type { Group } from "@seg/collectives";
import * as tf from "@tensorflow/tfjs";
import { DataParallelError } from "./errors.ts";

/** How the gradients of replicas become one. */
export interface AllReduceOptions {
  /**
   * `mean`: Σ wᵣ·gᵣ / Σ wᵣ, with the weights below. `sum`: Σ gᵣ, for losses that were scaled by {@link lossShare} before. Default `mean`.
   */
  reduce?: "mean" | "sum";
  /**
   * What this replica counts in a mean. Left out by all, they count alike, as in the original: the mean of the replicas' means. Else each
   * gives the number of its valid pixels, and the result is the gradient of the mean over all valid pixels of all replicas; a replica
   * without any may have gradients that are not numbers. With statistics that span the replicas use {@link lossShare} instead.
   */
  weight?: number;
}

/**
 * This replica's share of the loss of all: wᵣ / Σ w. Scale the loss of a replica's own mean by it, then sum the gradients: the right way
 * to weigh replicas whose batch norm is synchronized, because there a replica's gradients depend on the losses of the others.
 *
 * | weight | the loss of all |
 * |---|---|
 * | none | (1/R)·Σ Lᵣ, the original's: each replica counts alike |
 * | nᵣ, its valid pixels | Σ nᵣ·Lᵣ / Σ nᵣ: each valid pixel counts alike |
 *
 * @param weight - Given by all replicas or by none; at least 0. With it this is a collective of one number.
 * @returns In [0, 1]; 0 for all replicas if all weights are 0.
 * @throws {DataParallelError} `option`
 */
export function lossShare(group: Group, weight?: number): number {
  if (weight === undefined) return 1 / group.size;
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new DataParallelError(
      "option",
      { expected: "weight to be a number of at least 0", received: String(weight) },
      { data: { option: "weight", received: weight } },
    );
  const total = Float32Array.of(weight);
  group.allReduce(total);
  return weight === 0 ? 0 : weight / total[0]!;
}

/**
 * Makes the gradients of all replicas one, the same bits on each: all tensors in one buffer, by one collective.
 *
 * @param gradients - float32, of the same shapes in the same order on each replica; stay the caller's.
 * @returns As many, of the same shapes; the caller disposes them.
 * @throws {DataParallelError} `option` if a tensor is not float32, or the weight is no number of at least 0.
 * @throws {CollectiveError} what goes wrong among the replicas.
 */
export function allReduceGradients(
  gradients: readonly tf.Tensor[],
  group: Group,
  { reduce = "mean", weight }: AllReduceOptions = {},
): tf.Tensor[] {
  const share = reduce === "sum" ? 1 : lossShare(group, weight);
  if (group.size === 1 && share === 1) return gradients.map((gradient) => gradient.clone());
  return viaBuffer(gradients, share, (buffer) => group.allReduce(buffer));
}

/**
 * Gives the variables of one replica to all: where a training begins, so that it goes on alike everywhere.
 *
 * @param variables - float32, of the same shapes in the same order on each replica; batch norm's moving statistics should be among them:
 *   `model.weights.map((weight) => weight.read() as tf.Variable)`.
 * @param root - Whose values are taken; default rank 0's.
 * @throws {DataParallelError} `option` if a variable is not float32.
 * @throws {CollectiveError} what goes wrong among the replicas.
 */
export function broadcastParameters(variables: readonly tf.Variable[], group: Group, root = 0): void {
  if (group.size === 1 || variables.length === 0) return;
  const values = viaBuffer(variables, 1, (buffer) => group.broadcast(buffer, root));
  variables.forEach((variable, i) => {
    variable.assign(values[i]!);
  });
  tf.dispose(values);
}

/** Passes tensors, times `scale`, through one flat buffer; few operations, as each costs as much as thousands of numbers. */
function viaBuffer(tensors: readonly tf.Tensor[], scale: number, change: (buffer: Float32Array) => void): tf.Tensor[] {
  const wrong = tensors.find(({ dtype }) => dtype !== "float32");
  if (wrong)
    throw new DataParallelError(
      "option",
      { expected: "float32 tensors", received: `one of ${wrong.dtype}` },
      { data: { option: "tensors", received: wrong.dtype } },
    );
  const [first] = tensors;
  if (!first) return [];
  const flat = tf.tidy(() => {
    if (scale === 0) return tf.zeros([tensors.reduce((sum, { size }) => sum + size, 0)]);
    const joined = tensors.length === 1 ? first.flatten() : tf.concat1d(tensors.map((tensor) => tensor.flatten()));
    return scale === 1 ? joined : joined.mul(scale);
  });
  // Its own copy: the plain JavaScript engine gives out the memory in which the tensor lives.
  const given = flat.dataSync() as Float32Array;
  const buffer = tf.getBackend() === "cpu" ? given.slice() : given;
  flat.dispose();
  change(buffer);
  return tf.tidy(() => {
    const result = tf.tensor1d(buffer);
    const parts =
      tensors.length === 1
        ? [result]
        : tf.split(
            result,
            tensors.map(({ size }) => size),
          );
    return parts.map((part, i) => part.reshape(tensors[i]!.shape));
  });
}
