import { conv2d, resizeLike } from "@seg/layers";
import { batchNormalization } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";

/** @typedef {import("@tensorflow/tfjs").SymbolicTensor} Symbolic */

/**
 * @param {import("@tensorflow/tfjs").layers.Layer} layer
 * @param {Symbolic | Symbolic[]} inputs
 */
const on = (layer, inputs) => /** @type {Symbolic} */ (layer.apply(inputs));

/** A small network of what networks here are made of: strided, dilated, depthwise and grouped convolutions, batch norm, resizing. */
function network() {
  const image = tf.input({ shape: [null, null, 3] });
  const half = on(conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 1, useBias: false, seed: 1 }), image);
  const first = on(batchNormalization({ activation: "relu" }), half);
  const deep = conv2d({ filters: 8, kernelSize: 3, padding: 2, dilations: 2, groups: 8, useBias: false, seed: 2 });
  const second = on(batchNormalization({ activation: "relu6" }), on(deep, first));
  const paired = on(conv2d({ filters: 8, kernelSize: 3, padding: 2, dilations: 2, groups: 2, seed: 3 }), second);
  const third = on(batchNormalization(), [paired, first]);
  const scores = on(conv2d({ filters: 2, kernelSize: 1, seed: 4 }), third);
  return tf.model({ inputs: image, outputs: on(resizeLike(), [scores, image]) });
}

/** Numbers between −1 and 1, the same everywhere. @param {number} length @param {number} seed */
const noise = (length, seed) => Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * 12.9898 + seed * 78.233));

/**
 * Trains the network for some steps on TF.js's current engine, to tell the sign of a picture's middle channel.
 *
 * @returns the model, each step's loss, and the trained model's scores of the pictures.
 */
export async function train(steps = 3) {
  const model = network();
  const [x, signs] = [
    tf.tensor4d(noise(2 * 12 * 10 * 3, 1), [2, 12, 10, 3]),
    tf.tensor4d(noise(240, 1), [2, 12, 10, 1]),
  ];
  const y = tf.tidy(() => tf.concat([signs.less(0), signs.greaterEqual(0)], 3).toFloat());
  const optimizer = tf.train.sgd(0.1);
  /** @type {number[]} */
  const losses = [];
  for (let step = 0; step < steps; step++) {
    const lossOf = () =>
      /** @type {tf.Scalar} */ (tf.losses.meanSquaredError(y, outputOf(model.apply(x, { training: true }))));
    const loss = /** @type {tf.Scalar} */ (optimizer.minimize(lossOf, true));
    losses.push(...(await loss.data()));
    loss.dispose();
  }
  const scores = await scoresOf(model, x);
  tf.dispose([signs, y]);
  return { model, x, losses, scores };
}

/**
 * A model's scores of the pictures `x`.
 *
 * @param {tf.LayersModel} model
 * @param {tf.Tensor} x
 */
export async function scoresOf(model, x) {
  const y = outputOf(model.predict(x));
  const scores = Array.from(await y.data());
  y.dispose();
  return scores;
}

/** The one output. @param {ReturnType<tf.LayersModel["apply"]>} y */
const outputOf = (y) => /** @type {tf.Tensor} */ (y);
