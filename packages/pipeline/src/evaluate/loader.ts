// Run as a thread of worker.ts: reads photos and labels ahead of the engine, and scores and draws what comes back from it.

import { basename, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { type LabelMap, type RgbImage, readPair, type ScaledInput, writeImage } from "@seg/ade20k-data";
import { isSegError } from "@seg/errors";
import { ConfusionMatrix, type ConfusionMatrixJson } from "@seg/metrics";
import { type SerializedError, serializeError } from "@seg/node";
import { networkInputs } from "@seg/segmenter";
import { evaluationPicture } from "../pictures/evaluation-picture.ts";
import type { EvaluationPair, LoaderSetup } from "./messages.ts";

/** What the thread is told: to load a pair, or to score what the engine made of it. */
export type ToLoader = { index: number; pair: EvaluationPair } | { index: number; labels: Uint8Array };

/** What the thread says. */
export type FromLoader =
  | { type: "loaded"; index: number; scales: ScaledInput[]; width: number; height: number }
  | { type: "scored"; index: number; confusion: ConfusionMatrixJson }
  | { type: "failed"; error: SerializedError };

interface Loaded {
  pair: EvaluationPair;
  truth: LabelMap;
  image: RgbImage;
}

const { scales: options, classes, convention, maxPixels, pictures } = workerData as LoaderSetup;
const loaded = new Map<number, Loaded>();
const port = parentPort!;
const say = (message: FromLoader, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

port.on("message", async (message: ToLoader) => {
  try {
    await ("pair" in message ? load(message.index, message.pair) : score(message.index, message.labels));
  } catch (error) {
    if (!isSegError(error)) throw error;
    say({ type: "failed", error: serializeError(error) });
  }
});

async function load(index: number, pair: EvaluationPair): Promise<void> {
  const { photo: image, label: truth } = await readPair(pair, { numClasses: classes.length, convention, maxPixels });
  const { width, height } = image;
  loaded.set(index, { pair, truth, image });
  const scales = [...networkInputs(image, { ...options, name: pair.imagePath })];
  say(
    { type: "loaded", index, scales, width, height },
    scales.map(({ data }) => data.buffer as ArrayBuffer),
  );
}

async function score(index: number, labels: Uint8Array): Promise<void> {
  const { pair, truth, image } = loaded.get(index)!;
  loaded.delete(index);
  const confusion = new ConfusionMatrix(classes.length).add(labels, truth.labels).toJSON();
  if (pictures) {
    const { width, height } = image;
    const prediction = { labels, width, height };
    const picture = evaluationPicture({ name: basename(pair.imagePath), photo: image, truth, prediction, classes });
    await writeImage(join(pictures, `${pair.name}.png`), picture);
  }
  say({ type: "scored", index, confusion });
}
