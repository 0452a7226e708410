/**
 * Times `evaluate`, worker process and all, on made-up photos and random weights, the way the project's figures are stated:
 * MobileNetV2dilated + C1_deepsup with 11 classes on photos of 480×360 at 360, and ResNet50dilated + PPM_deepsup with 150 classes
 * on photos of 683×512 at 450. Beside it the time that PyTorch's network, upsampling and argmax take on the same input, before and
 * after. Also how many pixels a second the confusion matrix counts on one core.
 *
 *   node tools/bench/evaluation.mjs [--backend tensorflow] [--workers 1] [--images 40] [--python python3]
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { writeImage, writeOdgt } from "@seg/ade20k-data";
import { startEngine } from "@seg/backend";
import { stateDictOf, writePth } from "@seg/checkpoint";
import { evaluate } from "@seg/cli";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { ConfusionMatrix } from "@seg/metrics";
import sharp from "sharp";
import { PYTORCH_OPTIONS, startPytorch } from "./pytorch.mjs";
import { engineOfChildren, median, printHeader, printTable, readArguments } from "./report.mjs";

const { values: flags } = readArguments({
  options: {
    backend: { type: "string", default: "tensorflow" },
    workers: { type: "string", default: "1" },
    images: { type: "string", default: "40" },
    ...PYTORCH_OPTIONS,
  },
});

/** `input` is what a photo becomes at `size`: padded to a multiple of 8; `share` of the images are enough for a slow network. */
const CASES = [
  {
    encoder: "mobilenetv2dilated",
    decoder: "c1_deepsup",
    classes: 11,
    photo: [480, 360],
    size: 360,
    input: [360, 480],
    share: 1,
  },
  {
    encoder: "resnet50dilated",
    decoder: "ppm_deepsup",
    classes: 150,
    photo: [683, 512],
    size: 450,
    input: [456, 600],
    share: 1 / 4,
  },
];

/** PyTorch's passes before, and again after, an evaluation. */
const PASSES = 5;

const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
try {
  const pytorch = await startPytorch(flags.python);
  printHeader({ engine: await engineOfChildren(flags.backend), pytorch });
  // Only to make weights with.
  await startEngine("cpu");
  printTable(await evaluations(pytorch));
  pytorch.stop?.();
  console.log();
  printTable([11, 150].flatMap((classes) => [4, 64].map((patch) => counting(classes, patch))));
} finally {
  rmSync(folder, { recursive: true });
}

async function evaluations(pytorch) {
  const rows = [];
  for (const { encoder, decoder, classes, photo, size, input, share } of CASES) {
    const weights = await makeWeights(encoder, decoder, classes);
    const images = Math.max(2, Math.round(Number(flags.images) * share));
    const list = await makePhotos(images, photo, classes);
    const job = {
      classes,
      threads: availableParallelism(),
      task: "inference",
      batch: 1,
      size: input,
      labels: photo.toReversed(),
    };
    const passes = [];
    const timePytorch = async () => {
      for (let pass = 0; pass < PASSES; pass++) passes.push((await pytorch.run()).seconds);
    };
    await pytorch.build?.(`${encoder}+${decoder}`, job);
    if (pytorch.run) await timePytorch();
    let memory = 0;
    const busy = [];
    const result = await evaluate({
      architecture: `${encoder}-${decoder}`,
      weights,
      backend: flags.backend,
      workers: Number(flags.workers),
      set: { "DATASET.num_class": classes, "DATASET.list_val": list, "DATASET.imgSizes": size },
      onProgress: ({ phase }) => {
        const children = readChildren();
        memory = Math.max(memory, ...children.map(({ megabytes }) => megabytes));
        if (phase === "scoring") busy.push(children.reduce((sum, { seconds }) => sum + seconds, 0));
      },
    });
    if (pytorch.run) await timePytorch();
    rows.push({
      engine: result.engine,
      model: `${encoder}+${decoder}`,
      photos: `${images} of ${photo.join("×")}`,
      "s an image": result.secondsPerImage,
      "of it engine s": result.engineSecondsPerImage,
      // Where others use the machine too, this over the number of cores is what it would take alone, at best.
      "CPU s": (busy.at(-1) - busy[0]) / (images - 1),
      ...(pytorch.run && {
        "PyTorch network s": median(passes),
        "PyTorch ÷ engine": median(passes) / result.engineSecondsPerImage,
      }),
      "peak MB a worker": memory || "unknown",
    });
  }
  return rows;
}

/** What this process's children have used so far: each one's peak of resident memory and time on processors. Linux only. */
function readChildren() {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    return children.map((pid) => {
      const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
      // Fields 14 and 15, in hundredths of a second, counted from behind the name in parentheses.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
      return { megabytes: Math.round(peak / 1000), seconds: (Number(fields[11]) + Number(fields[12])) / 100 };
    });
  } catch {
    return [];
  }
}

async function makeWeights(encoderName, decoderName, numClasses) {
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1, numClasses });
  const weights = { encoder: join(folder, `${encoderName}.pth`), decoder: join(folder, `${decoderName}.pth`) };
  await writePth(weights.encoder, await stateDictOf(encoder.model));
  await writePth(weights.decoder, await stateDictOf(decoder.model));
  encoder.model.dispose();
  decoder.model.dispose();
  return weights;
}

/** Photos of soft waves and labels of patches, which take about as long to decode as real ones. */
async function makePhotos(count, [width, height], classes) {
  const records = [];
  for (let i = 0; i < count; i++) {
    const name = join(folder, `${width}-${i}`);
    const record = { imagePath: `${name}.jpg`, labelPath: `${name}.png`, width, height };
    const wave = (p) => 128 + 60 * Math.sin((p % width) / 9 + i) + 60 * Math.cos(Math.floor(p / width) / 7);
    const data = Uint8Array.from({ length: width * height * 3 }, (_, j) => wave(Math.floor(j / 3)) + 7 * (j % 3));
    await writeImage(record.imagePath, { data, width, height });
    const raw = { width, height, channels: 1 };
    await sharp(patches(width * height, width, classes, 40), { raw })
      .toColourspace("b-w")
      .png()
      .toFile(record.labelPath);
    records.push(record);
  }
  const list = join(folder, `${width}.odgt`);
  await writeOdgt(list, records);
  return list;
}

/** Labels in squares of `side` pixels. */
function patches(length, width, classes, side) {
  const hash = (n) => Math.imul(n + 1, 2654435761) >>> 8;
  return Uint8Array.from(
    { length },
    (_, p) => hash(Math.floor((p % width) / side) + 1000 * Math.floor(p / width / side)) % classes,
  );
}

/** How fast the matrix counts maps of 683×512 whose labels come in squares of `patch` pixels. */
function counting(classes, patch) {
  const length = 683 * 512;
  const truth = Int16Array.from(patches(length, 683, classes, patch));
  const prediction = patches(length, 683, classes, patch + 1);
  const matrix = new ConfusionMatrix(classes);
  const seconds = [];
  for (let run = 0; run < 100; run++) {
    const start = performance.now();
    matrix.add(prediction, truth);
    seconds.push((performance.now() - start) / 1000);
  }
  return { classes, "squares of pixels": patch, "megapixels a second": length / median(seconds) / 1e6 };
}
