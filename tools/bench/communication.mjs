/**
 * What replicas tell each other in a training step, counted from the models themselves, and the scaling that follows: the tables of
 * packages/data-parallel/SCALING.md.
 *
 *   node tools/bench/communication.mjs
 */
import { startEngine } from "@seg/backend";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { BatchNormalization } from "@seg/sync-bn";
import { printTable } from "./report.mjs";

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

/** Seconds of a training step at batch 2, PyTorch's, on two cores of an EPYC and on an H100. */
const STEPS = {
  "two cores": {
    "mobilenetv2dilated+c1_deepsup": 2.9,
    "resnet18dilated+ppm_deepsup": 7.2,
    "resnet50dilated+ppm_deepsup": 19,
    "resnet50+upernet": 23.8,
    "hrnetv2+c1": 10.2,
  },
  H100: { "mobilenetv2dilated+c1_deepsup": 0.02, "resnet50dilated+ppm_deepsup": 0.054, "resnet50+upernet": 0.038 },
};

/** Seconds for a first byte, bytes a second, and the seconds in which one message keeps a processor busy (an assumption). */
const NETWORKS = {
  "10 Gb Ethernet, TCP": { latency: 48e-6, bandwidth: 0.95 * 1.25e9, message: 5e-6 },
  "100 Gb Ethernet, TCP": { latency: 10e-6, bandwidth: 0.4 * 12.5e9, message: 5e-6 },
  "100 Gb Ethernet, RoCE": { latency: 1.3e-6, bandwidth: 0.95 * 12.5e9, message: 0.5e-6 },
  "InfiniBand HDR": { latency: 1.2e-6, bandwidth: 24e9, message: 0.5e-6 },
};

/** Seconds a byte of gradient to get it from TensorFlow, and to copy and add it: 66 ms and 13 ms for 64 MiB, measured. */
const READ = 0.052 / 2 ** 26;
const ADD = 0.0132 / 2 ** 26;

/** Seconds that reading a few numbers back keeps a GPU waiting, and bytes a second to and from its memory (assumptions). */
const GPU = { wait: 30e-6, bandwidth: 12e9 };

/** Numbers in a message that goes with every call over MPI, and its bytes; pieces of longer vectors. */
const FRAME = { numbers: 988, bytes: 3968 };
const CHUNK = 2 ** 22;
const REPLICAS = [2, 4, 8, 16, 32, 64];

/** Seconds of a call over MPI: a frame from each to each, then parts to whom they belong, and their sums to all. */
function call({ latency, bandwidth, message }, replicas, numbers, gather = false) {
  const others = replicas - 1;
  const frame = latency + others * Math.max(message, FRAME.bytes / bandwidth);
  if (numbers <= FRAME.numbers) return frame;
  if (gather) return frame + latency + others * Math.max(message, (4 * numbers) / bandwidth);
  const rounds = 2 * Math.ceil(numbers / CHUNK);
  return frame + rounds * (latency + others * message) + (2 * others * 4 * numbers) / replicas / bandwidth;
}

/** Seconds that replicas add to a step. */
function added({ parameters, widths }, network, replicas, onGpu) {
  const statistics = widths.reduce(
    (sum, channels) => sum + call(network, replicas, 2 * channels + 2, true) + call(network, replicas, 2 * channels),
    0,
  );
  const bytes = 4 * parameters;
  const gradients = call(network, replicas, parameters) + bytes * ADD;
  const device = onGpu ? 2 * widths.length * GPU.wait + (2 * bytes) / GPU.bandwidth : 0;
  return { statistics, gradients, device: device + bytes * READ };
}

await startEngine("cpu");
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
for (const [device, steps] of Object.entries(STEPS)) {
  for (const [name, network] of Object.entries(NETWORKS)) {
    console.log(`\nImages per second, times those of one replica on ${device}, over ${name}`);
    printTable(
      Object.entries(steps).map(([model, step]) => {
        const fact = facts.find((other) => other.model === model);
        const row = { model };
        for (const replicas of REPLICAS) {
          const { statistics, gradients, device: own } = added(fact, network, replicas, device === "H100");
          row[replicas] = ((replicas * step) / (step + statistics + gradients + own)).toFixed(1);
        }
        const at8 = added(fact, network, 8, device === "H100");
        for (const part of Object.keys(at8)) row[`${part} ms at 8`] = (1000 * at8[part]).toFixed(1);
        return row;
      }),
    );
  }
}
