/**
 * Times the step from a network's scores to labels at a photo's size, by turns: an engine's way (bands of rows: resize, softmax, sum,
 * argmax; all of its threads) and `labelsOf` (plain JavaScript, one thread). One scale, the same with its mirror image, and five scales;
 * scores of the bundled model, and random ones: the worst case, in which nothing can be skipped.
 *
 *   node tools/bench/labels.mjs [--backend tensorflow] [--runs N] [photo.jpg …]
 */
import { basename, join } from "node:path";
import { decodeImage, validationScales } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { loadWeights, readCheckpoint } from "@seg/checkpoint";
import { DEMO_MODEL, DEMO_PHOTO } from "@seg/cli";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { inferenceModel, labelsOf } from "@seg/layers";
import { resizeBilinear } from "@seg/layers/ops";
import * as tf from "@tensorflow/tfjs";
import { median, printHeader, printTable, readArguments } from "./report.mjs";
import { takeTurns, turnColumns } from "./turns.mjs";

const { values: flags, positionals } = readArguments({
  options: { backend: { type: "string", default: "tensorflow" }, runs: { type: "string", default: "9" } },
  allowPositionals: true,
});

/** Scores of a band of rows at full size that the engine holds at a time: few enough for the processor's cache. */
const BAND = 2e6;

const engine = await startEngine(flags.backend);
printHeader({ engine });
const network = await demoNetwork();
const rows = [];
for (const photo of [DEMO_PHOTO, ...positionals]) {
  const scores = await scoresOf(photo);
  rows.push(await compare(`${basename(photo)}, one scale`, scores.size, [scores.at(450)]));
  rows.push(await compare(`${basename(photo)}, and its mirror image`, scores.size, [scores.at(450), scores.mirrored]));
  rows.push(await compare(`${basename(photo)}, five scales`, scores.size, [300, 375, 450, 525, 600].map(scores.at)));
}
network.dispose();
const random = () => ({
  data: Float32Array.from({ length: 57 * 75 * 150 }, Math.random),
  height: 57,
  width: 75,
  classes: 150,
});
rows.push(await compare("random, one scale", [512, 683], [random()]));
printTable(rows);

async function compare(title, size, maps) {
  const tensors = maps.map(({ data, height, width, classes }) => tf.tensor4d(data, [1, height, width, classes]));
  let own;
  let byEngine;
  const ours = () => {
    const start = performance.now();
    own = labelsOf(maps, size);
    return { labels: performance.now() - start };
  };
  const theirs = async () => {
    const start = performance.now();
    const labels = engineLabels(tensors, maps, size);
    byEngine = await labels.data();
    labels.dispose();
    return { seconds: performance.now() - start, processors: 0 };
  };
  // The first runs compile and pack.
  const { labels: first } = ours();
  await theirs();
  const taken = await takeTurns(ours, theirs, Number(flags.runs));
  tf.dispose(tensors);
  const milliseconds = median(taken.turns.map((turn) => turn.ours.labels));
  const engineMilliseconds = median(taken.turns.map((turn) => turn.theirs));
  const { height, width, classes } = maps[0];
  return {
    scores: title,
    "of them": maps.length === 1 ? `${height}×${width}×${classes}` : `${maps.length} maps`,
    labels: size.join("×"),
    "engine ms": engineMilliseconds,
    "ours ms": milliseconds,
    "engine ÷ ours": median(taken.turns.map((turn) => turn.theirs / turn.ours.labels)),
    "first time ms": first,
    "pixels that differ": own.reduce((sum, label, i) => sum + Number(label !== byEngine[i]), 0),
    ...turnColumns(taken),
  };
}

/** The engine's way: `[height, width]`, int32. */
function engineLabels(tensors, maps, [height, width]) {
  const count = Math.max(1, Math.floor(BAND / (width * maps[0].classes)));
  const bands = [];
  for (let start = 0; start < height; start += count) {
    const end = Math.min(start + count, height);
    bands.push(
      tf.tidy(() => {
        const resized = tensors.map((scores, i) => {
          const map = maps[i].flipped ? tf.reverse(scores, 2) : scores;
          return resizeRows(map, start, end, height, width);
        });
        const sum =
          resized.length === 1 ? resized[0] : resized.map((band) => tf.softmax(band, 3)).reduce((a, b) => a.add(b));
        return tf.argMax(sum, 3).reshape([end - start, width]);
      }),
    );
  }
  const labels = tf.concat(bands, 0);
  tf.dispose(bands);
  return labels;
}

/** Rows `start` to `end` of the scores resized to `height` × `width`, from only the rows that they look at. */
function resizeRows(scores, start, end, height, width) {
  const [, from, narrow, classes] = scores.shape;
  const at = (row) => Math.min(Math.max(((row + 0.5) * from) / height - 0.5, 0), from - 1);
  const first = Math.floor(at(start));
  const count = Math.min(Math.floor(at(end - 1)) + 1, from - 1) - first + 1;
  const weights = new Float32Array((end - start) * count);
  for (let row = start; row < end; row++) {
    const low = Math.floor(at(row));
    weights[(row - start) * count + low - first] += 1 - (at(row) - low);
    if (at(row) > low) weights[(row - start) * count + low - first + 1] += at(row) - low;
  }
  const lines = tf.slice(scores, [0, first, 0, 0], [1, count, -1, -1]).reshape([count, narrow * classes]);
  const tall = tf.matMul(tf.tensor2d(weights, [end - start, count]), lines);
  return resizeBilinear(tall.reshape([1, end - start, narrow, classes]), [end - start, width]);
}

async function demoNetwork() {
  const encoder = buildEncoder("mobilenetv2dilated", { weights: "zeros" });
  const decoder = buildDecoder("c1_deepsup", encoder.featureInfo, { weights: "zeros", numClasses: 150 });
  for (const [name, { model }] of Object.entries({ encoder, decoder })) {
    loadWeights(model, await readCheckpoint(join(DEMO_MODEL.set.DIR, `${name}_epoch_1.safetensors`)));
  }
  const models = [encoder.model, decoder.model];
  const folded = inferenceModel(models, [0]);
  for (const model of models) model.dispose();
  return folded;
}

/** The bundled model's scores of a photo by short side, and of its mirror image. */
async function scoresOf(photo) {
  const image = await decodeImage(photo);
  const run = async (shortSide, flipped) => {
    const options = { sizes: [shortSide], maxSize: 1000, paddingConstant: 8 };
    const [{ data, height, width }] = validationScales(image, options);
    const scores = tf.tidy(() => {
      const input = tf.tensor4d(data, [1, height, width, 3]);
      return network.predict(flipped ? tf.reverse(input, 2) : input)[0];
    });
    const [, rows, columns, classes] = scores.shape;
    const map = { data: await scores.data(), height: rows, width: columns, classes, flipped };
    scores.dispose();
    return map;
  };
  const maps = new Map();
  for (const shortSide of [300, 375, 450, 525, 600]) maps.set(shortSide, await run(shortSide, false));
  return { size: [image.height, image.width], at: (shortSide) => maps.get(shortSide), mirrored: await run(450, true) };
}
