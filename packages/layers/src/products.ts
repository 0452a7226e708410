import * as tf from "@tensorflow/tfjs";

/** WebAssembly multiplies matrices some twenty times slower when one is given transposed, or one stands for a whole batch. */
const plainOnly = () => tf.getBackend() === "wasm";

/** The product of two matrices, either of which may be given transposed. */
export function product(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  if (!plainOnly()) return tf.matMul(a, b, transposeA, transposeB);
  // XNNPACK takes no empty matrix, and leaves the product as it was in memory.
  if (a.size === 0 || b.size === 0) return tf.zeros([a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]]);
  return tf.tidy(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b));
}

/**
 * One matrix times each of a batch.
 *
 * @param matrix - `[rows, columns]`, or `[columns, rows]` with `transpose`.
 * @param batch - `[batch, columns, width]`.
 * @returns `[batch, rows, width]`.
 */
export function multiplyEach(matrix: tf.Tensor2D, batch: tf.Tensor3D, transpose = false): tf.Tensor3D {
  return tf.tidy(() => {
    if (!plainOnly()) return tf.matMul(matrix.expandDims(0), batch, transpose) as tf.Tensor3D;
    const [count, columns, width] = batch.shape;
    const side = count === 1 ? batch : tf.transpose(batch, [1, 0, 2]);
    const flat = product(matrix, side.reshape([columns, count * width]), transpose);
    if (count === 1) return flat.expandDims<tf.Tensor3D>(0);
    return tf.transpose(flat.reshape([flat.shape[0], count, width]) as tf.Tensor3D, [1, 0, 2]);
  });
}
