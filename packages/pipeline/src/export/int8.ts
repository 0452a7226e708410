import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeImage } from "@seg/ade20k-data";
import type { ArrayTensor } from "@seg/layers";
import type { WeightSource } from "@seg/layers/inference-graph";
import { writeFileAtomic } from "@seg/node";
import { type Calibration, calibrate, onnxInference, toInt8Onnx } from "@seg/onnx";
import { networkInputs, predictLabels, scaleOptions } from "@seg/segmenter";
import type * as tf from "@tensorflow/tfjs";
import { contextOf } from "../context.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import { gatherImages } from "../photos/gather.ts";
import type { ExportedScores, Int8Report } from "./result.ts";
import { type ExportJob, writeChunks } from "./write-export.ts";

/** Photos whose labels are compared where the truth is not known. */
const COMPARED = 20;

/**
 * Finds what a network's tensors hold when it looks at the photos of `calibrate`, each brought to the middle one of the short sides.
 *
 * @throws {OnnxError} `option` for fewer than 50 photos; `runtime` without ONNX Runtime.
 * @throws {DataError} if a photo cannot be read.
 */
export async function calibrationOf(
  model: tf.LayersModel,
  weights: WeightSource,
  { config, options, signal }: ExportJob,
): Promise<Calibration> {
  const { onProgress } = contextOf(options);
  const photos = await photosOf(options.calibrate);
  const onPhotos = (done: number) => onProgress({ type: "segment", done, total: photos.length });
  return calibrate(model, inputsOf(photos, config), { outputs: [0], weights, signal, onPhotos });
}

async function photosOf(calibrate: readonly string[] = []): Promise<string[]> {
  const { images, failures } = await gatherImages(calibrate);
  if (failures[0]) throw failures[0];
  return images.map(({ source }) => source);
}

async function* inputsOf(photos: readonly string[], config: ExportJob["config"]): AsyncGenerator<ArrayTensor> {
  for (const photo of photos) {
    const [input] = networkInputs(
      await decodeImage(photo, { maxPixels: config.DATASET.max_pixels }),
      scaleOptions(config, [middle(config.DATASET.imgSizes)]),
    );
    yield { data: input!.data, shape: [1, input!.height, input!.width, 3] };
  }
}

const middle = (sizes: readonly number[]) => sizes[Math.floor(sizes.length / 2)]!;

/**
 * How int8 compares with float32: scored on labelled photos, if there are such, else by how many pixels of the calibration's photos keep
 * their label.
 *
 * @throws what `evaluate` throws.
 */
export async function compareWithInt8(
  model: tf.LayersModel,
  weights: WeightSource,
  calibration: Calibration,
  job: ExportJob,
): Promise<Int8Report> {
  const { options } = job;
  const folder = await mkdtemp(join(tmpdir(), "seg-int8-"));
  try {
    const onnx = join(folder, "int8.onnx");
    const file = toInt8Onnx(model, calibration, { layout: "nhwc", outputs: [0], weights });
    await writeFileAtomic(onnx, async (handle) => void (await writeChunks(handle, file.chunks(), job.signal)));
    const { photos } = calibration;
    if (options.images === undefined && !job.hasList) {
      return { photos, agreement: await agreement(model, weights, onnx, job) };
    }
    const score = async (files: ExportJob["weights"] | { onnx: string }): Promise<ExportedScores> => {
      const { config, set, architecture, images, labels, log, warn, onProgress, signal, env } = options;
      const shared = { config, set, architecture, images, labels, log, warn, onProgress, signal, env };
      const { meanIou, pixelAccuracy } = await evaluate({ ...shared, weights: files, backend: "onnxruntime" });
      return { meanIou, pixelAccuracy };
    };
    return { photos, float32: await score(job.weights), int8: await score({ onnx }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The share of pixels, 0-1, that int8 gives the label that float32 gives. */
async function agreement(model: tf.LayersModel, weights: WeightSource, onnx: string, job: ExportJob): Promise<number> {
  const { config, options, signal } = job;
  const photos = (await photosOf(options.calibrate)).slice(0, COMPARED);
  const float32 = await onnxInference(model, { outputs: [0], weights });
  try {
    const int8 = await onnxInference(onnx, { numClasses: config.DATASET.num_class });
    try {
      let [same, all] = [0, 0];
      for (const photo of photos) {
        const image = await decodeImage(photo, { maxPixels: config.DATASET.max_pixels });
        const scales = [...networkInputs(image, scaleOptions(config, [middle(config.DATASET.imgSizes)]))];
        const [a, b] = [
          await predictLabels(float32, scales, [image.height, image.width], { signal }),
          await predictLabels(int8, scales, [image.height, image.width], { signal }),
        ];
        all += a.length;
        for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
      }
      return same / all;
    } finally {
      await int8.dispose();
    }
  } finally {
    await float32.dispose();
  }
}
