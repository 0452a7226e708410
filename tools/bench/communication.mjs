/**
 * What replicas tell each other in a training step, counted from the models themselves, and what that adds to a step over networks whose
 * latency and bandwidth are assumed: the tables of packages/data-parallel/SCALING.md.
 *
 *   node tools/bench/communication.mjs [--backend auto] [--steps model=seconds,… [--gpu]]
 *
 * With the seconds of a step alone, as training.mjs measures them, it says how many times the images of one replica more of them make;
 * `--gpu` says that these steps were a GPU's, whose gradients must be brought to main memory and back.
 */
import { startEngine } from "@seg/backend";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { BatchNormalization } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import { call, NETWORKS } from "./network-model.mjs";
import { printHeader, printTable, readArguments } from "./report.mjs";

const MODELS = [
  "mobilenetv2dilated+c1_deepsup",
  "mobilenetv2dilated+ppm_deepsup",
  "resnet18dilated+c1_deepsup",
  "resnet18dilated+ppm_deepsup",
  "resnet50dilated+ppm_deepsup",
  "resnet101dilated+ppm_deepsup",
  "resnet50+upernet",
  "resnet101+upernet",
  "resnext101+upernet",
  "hrnetv2+c1",
];

/** Seconds that reading a few numbers back keeps a GPU waiting, and bytes a second to and from its memory (assumptions). */
const GPU = { wait: 30e-6, bandwidth: 12e9 };

const REPLICAS = [2, 4, 8, 16, 32, 64];

/** Seconds that replicas add to a step; `read` and `add` are the seconds a byte to get a gradient from the engine, and to copy and add it. */
function added({ parameters, widths }, network, replicas, { read, add }) {
  const statistics = widths.reduce(
    (sum, channels) => sum + call(network, replicas, 2 * channels + 2, true) + call(network, replicas, 2 * channels),
    0,
  );
  const bytes = 4 * parameters;
  const gradients = call(network, replicas, parameters) + bytes * add;
  const device = flags.gpu ? 2 * widths.length * GPU.wait + (2 * bytes) / GPU.bandwidth : 0;
  return { statistics, gradients, device: device + bytes * read };
}

const BYTES = 2 ** 26;

/** Seconds a byte of the quickest of some runs; `make` is not timed. */
function secondsPerByte(make, run) {
  const seconds = Array.from({ length: 7 }, () => {
    const made = make();
    const start = performance.now();
    run(made);
    const end = performance.now();
    tf.dispose(made);
    return (end - start) / 1000;
  });
  return Math.min(...seconds) / BYTES;
}

/** How fast this machine reads gradients from the engine, and copies and adds them. */
function measureMemory() {
  const ones = tf.ones([BYTES / 4]);
  const read = secondsPerByte(
    () => ones.add(1),
    (gradient) => gradient.dataSync(),
  );
  ones.dispose();
  const [sum, copy, other] = Array.from({ length: 3 }, () => new Float32Array(BYTES / 4));
  const add = secondsPerByte(
    () => {},
    () => {
      copy.set(other);
      for (let i = 0; i < sum.length; i++) sum[i] += copy[i];
    },
  );
  return { read, add };
}

const { values: flags } = readArguments({
  options: {
    backend: { type: "string", default: "auto" },
    steps: { type: "string" },
    gpu: { type: "boolean", default: false },
  },
});
printHeader({ engine: await startEngine(flags.backend) });
const memory = measureMemory();
const nanoseconds = (seconds) => (seconds * 1e9).toFixed(2);
console.log(
  `Of a gradient's bytes, ${nanoseconds(memory.read)} ns each to read from the engine, ${nanoseconds(memory.add)} ns to copy and add\n`,
);
const facts = MODELS.map((model) => {
  const [encoderName, decoderName] = model.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1 });
  const layers = [...encoder.model.layers, ...decoder.model.layers];
  const norms = layers.filter((layer) => layer instanceof BatchNormalization);
  const widths = norms.map(({ movingMean }) => movingMean.shape[0]);
  const parameters = layers
    .flatMap(({ trainableWeights }) => trainableWeights)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  for (const half of [encoder, decoder]) half.model.dispose();
  return { model, parameters, widths };
});
printTable(
  facts.map(({ model, parameters, widths }) => {
    const channels = widths.reduce((a, b) => a + b, 0);
    return {
      model,
      parameters,
      "gradients MB": (4 * parameters) / 1e6,
      "batch norms": widths.length,
      channels,
      "statistics kB": (4 * (4 * channels + 2 * widths.length)) / 1e3,
      collectives: 2 * widths.length + 1,
    };
  }),
);
for (const [name, network] of Object.entries(NETWORKS)) {
  const steps = flags.steps?.split(",").map((step) => step.split("="));
  const title = steps ? "Images per second, times those of one replica" : "Milliseconds that replicas add to a step";
  console.log(`\n${title}, over ${name}`);
  printTable(
    (steps ?? MODELS.map((model) => [model])).map(([model, step]) => {
      const fact = facts.find((other) => other.model === model);
      const row = { model };
      for (const replicas of REPLICAS) {
        const { statistics, gradients, device } = added(fact, network, replicas, memory);
        const more = statistics + gradients + device;
        row[`at ${replicas}`] = step
          ? ((replicas * step) / (Number(step) + more)).toFixed(1)
          : (1000 * more).toFixed(0);
      }
      const at8 = added(fact, network, 8, memory);
      for (const part of Object.keys(at8)) row[`${part} ms at 8`] = (1000 * at8[part]).toFixed(1);
      return row;
    }),
  );
}
