/**
 * Compares int8 with float32 on ONNX Runtime, by turns: seconds of a network at the size that figures are stated for, and, where trained
 * weights and labelled photos are given, mean IoU, pixel accuracy, and pixels whose label stays the same.
 *
 *   node tools/bench/int8.mjs [--models name,…|all] [--runs N] [--threads N]
 *   node tools/bench/int8.mjs --models NAME --classes N --weights encoder.pth,decoder.pth --calibrate train.odgt --photos val.odgt [--size 300] [--limit N]
 *
 * Without weights and photos, weights are random and the calibration's photos are noise: times do not depend on either.
 */
import { decodeImage, readLabel, readOdgt, validationScales } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { loadWeightsInto } from "@seg/checkpoint";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { labelsOf } from "@seg/layers";
import { ConfusionMatrix, computeScores } from "@seg/metrics";
import { calibrate, onnxInference, toInt8Onnx } from "@seg/onnx";
import { CLASSES, inputOf, MODELS } from "./models.mjs";
import { median, printHeader, printTable, readArguments } from "./report.mjs";

const { values: flags } = readArguments({
  options: {
    models: {
      type: "string",
      default: "resnet50dilated+ppm_deepsup,resnet18dilated+ppm_deepsup,mobilenetv2dilated+c1_deepsup",
    },
    classes: { type: "string", default: String(CLASSES) },
    weights: { type: "string" },
    calibrate: { type: "string" },
    photos: { type: "string" },
    size: { type: "string", default: "300" },
    limit: { type: "string" },
    runs: { type: "string", default: "5" },
    threads: { type: "string" },
  },
});

/** The bytes of a calibration's photos: enough, and no more. */
const CALIBRATION_PHOTOS = 60;

const classes = Number(flags.classes);
const threads = flags.threads && Number(flags.threads);
await startEngine("cpu");
printHeader({ threads });
const times = [];
const scores = [];
for (const name of flags.models === "all" ? MODELS : flags.models.split(",")) {
  const models = await modelsOf(name);
  const calibration = await calibrate(models, flags.calibrate ? photosOf(flags.calibrate) : noise(), {
    outputs: [0],
    threads,
  });
  const int8 = (fullRange) =>
    onnxInference(toInt8Onnx(models, calibration, { outputs: [0], layout: "nhwc", fullRange }).bytes(), {
      threads,
      numClasses: classes,
    });
  const networks = {
    float32: await onnxInference(models, { outputs: [0], threads }),
    int8: await int8(false),
    "int8, full range": await int8(true),
  };
  const taken = await secondsOf(networks, inputOf(name).size);
  for (const [network, { best, middle }] of Object.entries(taken)) {
    times.push({ model: name, network, "best s": best, "median s": middle, "float32 ÷": taken.float32.best / best });
  }
  if (flags.photos) scores.push(...(await scoresOf(networks, flags.photos)).map((row) => ({ model: name, ...row })));
  for (const network of Object.values(networks)) await network.dispose();
  for (const model of models) model.dispose();
}
printTable(times);
if (scores.length > 0) printTable(scores);

/** Encoder and decoder, with the given weights or random ones. */
async function modelsOf(name) {
  const [encoderName, decoderName] = name.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1, numClasses: classes });
  const models = [encoder.model, decoder.model];
  const files = flags.weights?.split(",") ?? [];
  for (const [i, file] of files.entries()) await loadWeightsInto(models[i], file);
  return models;
}

function* noise() {
  for (let i = 0; i < CALIBRATION_PHOTOS; i++) {
    yield { data: Float32Array.from({ length: 64 * 64 * 3 }, () => 4 * Math.random() - 2), shape: [1, 64, 64, 3] };
  }
}

/** Photos of a list, evenly spread over it, as the network takes them. */
async function* photosOf(list) {
  const records = await readOdgt(list);
  const step = Math.max(1, Math.floor(records.length / CALIBRATION_PHOTOS));
  for (const record of records.filter((_, i) => i % step === 0).slice(0, CALIBRATION_PHOTOS)) {
    yield inputOfImage(await decodeImage(record.imagePath));
  }
}

function inputOfImage(image) {
  const [{ data, height, width }] = validationScales(image, { sizes: [Number(flags.size)] });
  return { data, shape: [1, height, width, 3] };
}

/** Seconds that each network takes for an image of a size. */
async function secondsOf(networks, size) {
  const x = {
    data: Float32Array.from({ length: size[0] * size[1] * 3 }, () => 4 * Math.random() - 2),
    shape: [1, ...size, 3],
  };
  const taken = Object.fromEntries(Object.keys(networks).map((name) => [name, []]));
  for (let i = 0; i <= Number(flags.runs); i++) {
    for (const [name, network] of Object.entries(networks)) {
      const start = performance.now();
      await network.run(x);
      // The first run is a warm-up.
      if (i > 0) taken[name].push((performance.now() - start) / 1000);
    }
  }
  return Object.fromEntries(
    Object.entries(taken).map(([name, all]) => [name, { best: Math.min(...all), middle: median(all) }]),
  );
}

/** How well each network labels the photos of a list, and how often as float32 does. */
async function scoresOf(networks, list) {
  const counts = Object.keys(networks).map((network) => ({ network, matrix: new ConfusionMatrix(classes), same: 0 }));
  let pixels = 0;
  for (const record of (await readOdgt(list)).slice(0, flags.limit && Number(flags.limit))) {
    const image = await decodeImage(record.imagePath);
    const { width, height } = image;
    const truth = await readLabel(record.labelPath, { numClasses: classes, width, height });
    const x = inputOfImage(image);
    let reference;
    for (const one of counts) {
      const [{ data, shape }] = await networks[one.network].run(x);
      const labels = labelsOf([{ data, height: shape[1], width: shape[2], classes }], [height, width]);
      reference ??= labels;
      one.matrix.add(labels, truth.labels);
      one.same += labels.reduce((sum, label, i) => sum + (label === reference[i] ? 1 : 0), 0);
    }
    pixels += width * height;
  }
  return counts.map(({ network, matrix, same }) => {
    const { meanIouPresent, pixelAccuracy } = computeScores(matrix);
    return {
      network,
      "mIoU %": 100 * meanIouPresent,
      "pixel accuracy %": 100 * pixelAccuracy,
      "same label %": (100 * same) / pixels,
    };
  });
}
