import { type Conv2DOptions, conv2d } from "@seg/layers/ops";
import * as tf from "@tensorflow/tfjs";
import { caseOf, compare, forEachConvolution, type SmallConvolution } from "./small-convolutions.ts";

/**
 * A proof that an engine can run networks: small convolutions of each kind that they are made of, compared with plain loops.
 *
 * @param options - `training` asks for the gradients too.
 * @returns tries TensorFlow.js's current engine: the `proof` of `startEngine`. It rejects with a {@link PipelineError} `failed` naming the
 *   convolution that was wrong.
 *
 * @example
 * ```ts
 * import { startEngine } from "@seg/backend";
 * import { networkProof } from "@seg/pipeline/model";
 *
 * // An engine that computes wrongly would not start.
 * const { name } = await startEngine("cpu", { proof: networkProof({ training: true }) });
 * console.log(name); // cpu
 * ```
 */
export function networkProof({ training = false } = {}): () => Promise<void> {
  return () => forEachConvolution((convolution) => prove(convolution, training));
}

async function prove(convolution: SmallConvolution, training: boolean): Promise<void> {
  const { dilation, groups } = convolution;
  const { x, w, dy, shapes, expected } = caseOf(convolution);
  const options: Conv2DOptions = { padding: dilation, dilations: dilation, groups };
  const results = tf.tidy(() => {
    const inputs = [tf.tensor4d(x, shapes.x), tf.tensor4d(w, shapes.w)] as const;
    const compute = (image: tf.Tensor, filter: tf.Tensor) =>
      conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, options);
    if (!training) return [compute(...inputs)];
    return [compute(...inputs), ...tf.grads(compute)([...inputs], tf.tensor4d(dy, shapes.dy))];
  });
  try {
    for (const [i, result] of results.entries()) compare(expected[i]![0], await result.data(), expected[i]![1]);
  } finally {
    tf.dispose(results);
  }
}
