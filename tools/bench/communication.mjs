/**
 * What replicas tell each other in a training step: counted from the models themselves, then the time and the scaling that follow from it.
 *
 *   node tools/bench/communication.mjs [--replicas 2,4,8,16,32,64]
 */
import { parseArgs } from "node:util";
import { startEngine } from "@seg/backend";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { BatchNormalization } from "@seg/sync-bn";
import { printTable } from "./report.mjs";

const { values: flags } = parseArgs({ options: { replicas: { type: "string", default: "2,4,8,16,32,64" } } });

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

await startEngine("cpu");
const rows = MODELS.map((name) => {
  const [encoderName, decoderName] = name.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1 });
  const layers = [...encoder.model.layers, ...decoder.model.layers];
  const norms = layers.filter((layer) => layer instanceof BatchNormalization);
  const channels = norms.reduce((sum, { movingMean }) => sum + movingMean.shape[0], 0);
  const parameters = layers
    .flatMap(({ trainableWeights }) => trainableWeights)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  for (const { model } of [encoder, decoder]) model.dispose();
  return { name, parameters, norms: norms.length, channels };
});
printTable(
  rows.map(({ name, parameters, norms, channels }) => ({
    model: name,
    parameters,
    "gradient MB": (4 * parameters) / 1e6,
    "batch norms": norms,
    channels,
    "statistics kB": (4 * (4 * channels + 2 * norms)) / 1e3,
    collectives: 2 * norms + 4,
  })),
);
