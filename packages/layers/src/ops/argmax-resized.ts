import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import type { Pair } from "../kernel-names.ts";
import { interpolationMatrix, type Matrix } from "../separable.ts";
import { pair } from "./pair.ts";
import { resizeBilinear } from "./resize-bilinear.ts";

/** Scores of one band of rows that are alive at a time: few enough to stay in the processor's cache. */
const BAND_SCORES = 2e6;

/**
 * The most probable class of each pixel: scores resized to `size` (bilinearly, half-pixel centres), softmax, mean over all of
 * the score maps, argmax. Works through bands of rows, so that the map of all scores at full size never exists; for a single
 * score map the softmax, which keeps the order, is left out.
 *
 * @param scores - Logits of one image at one or several scales, `[1, h_i, w_i, classes]` each, float32.
 * @param size - Height and width of the label map.
 * @returns `[height, width]`, int32, in [0, classes); the caller disposes it.
 * @throws {LayersError} if the maps are not of one image each, or differ in classes.
 */
export function argmaxResized(scores: tf.Tensor4D[], size: Pair): tf.Tensor2D {
  const [height, width] = pair("size", size, 1);
  const classes = scores[0]?.shape[3];
  for (const { shape } of scores) {
    if (shape[0] !== 1 || shape[3] !== classes) {
      throw new LayersError("shape", `Expected score maps [1, height, width, ${classes}] but received [${shape}].`);
    }
  }
  if (!classes) throw new LayersError("shape", "Expected at least one score map but received none.");
  const rows = Math.max(1, Math.floor(BAND_SCORES / (width * classes)));
  return tf.tidy(() => {
    const matrices = scores.map(({ shape }) => interpolationMatrix(shape[1], height));
    const bands: tf.Tensor2D[] = [];
    for (let start = 0; start < height; start += rows) {
      const end = Math.min(start + rows, height);
      bands.push(
        tf.tidy(() => {
          const resized = scores.map((map, i) => resizeRows(map, matrices[i]!, start, end, width));
          if (resized.length === 1) return tf.argMax(resized[0]!, 3).reshape([end - start, width]);
          const sum = resized.map((band) => tf.softmax(band, 3)).reduce((a, b) => a.add(b));
          return tf.argMax(sum, 3).reshape([end - start, width]);
        }),
      );
    }
    return bands.length === 1 ? bands[0]! : tf.concat(bands, 0);
  });
}

/** Rows `start` to `end` of the map resized to the matrix's height and to `width`, from only the rows that they look at. */
function resizeRows(map: tf.Tensor4D, matrix: Matrix, start: number, end: number, width: number): tf.Tensor4D {
  const [, height, narrow, classes] = map.shape;
  const seen = (row: number) => matrix.values.subarray(row * height, (row + 1) * height);
  const first = seen(start).findIndex((weight) => weight !== 0);
  const last = seen(end - 1).findLastIndex((weight) => weight !== 0);
  const count = last - first + 1;
  const weights = new Float32Array((end - start) * count);
  for (let row = start; row < end; row++) {
    weights.set(seen(row).subarray(first, last + 1), (row - start) * count);
  }
  const lines = tf.slice(map, [0, first, 0, 0], [1, count, -1, -1]).reshape([count, narrow * classes]);
  const tall = tf.matMul(tf.tensor2d(weights, [end - start, count]), lines as tf.Tensor2D);
  // The height is right already: this resizes the width alone.
  return resizeBilinear(tall.reshape([1, end - start, narrow, classes]), [end - start, width]);
}
