/**
 * Times one SGD step: forward, loss with deep supervision, backward, update; batch 2 at 456×600 (480×608 for UPerNet and HRNet).
 *
 *   node tools/bench/training.mjs [--backend tensorflow] [--models name,…] [--steps 3] [--batch 2] [--ops]
 */
import { parseArgs } from "node:util";
import { startEngine } from "@seg/backend";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { GroupedOptimizer, sparseCrossEntropy, trainingModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { timeOps } from "./op-times.mjs";
import { median, printTable, resident } from "./report.mjs";

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", default: "tensorflow" },
    models: { type: "string", default: "mobilenetv2dilated+c1_deepsup" },
    steps: { type: "string", default: "3" },
    batch: { type: "string", default: "2" },
    size: { type: "string" },
    ops: { type: "boolean", default: false },
  },
});

/** PyTorch 2.13 on two cores of an EPYC, seconds a step; measured on another machine of the same kind. */
const PYTORCH = {
  "mobilenetv2dilated+c1_deepsup": 2.9,
  "resnet18dilated+ppm_deepsup": 7.2,
  "resnet50dilated+ppm_deepsup": 19.0,
  "resnet50+upernet": 23.8,
  "hrnetv2+c1": 10.2,
};

const rows = [];
await startEngine(flags.backend);
const opTimes = flags.ops ? timeOps() : undefined;
for (const name of flags.models.split(",")) {
  const [encoderName, decoderName] = name.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1 });
  const training = trainingModel([encoder.model, decoder.model]);
  const decays = (variable) => variable.rank === 4;
  const optimizer = new GroupedOptimizer(
    [
      { variables: training.variables.filter(decays), learningRate: 1e-3, weightDecay: 1e-4 },
      { variables: training.variables.filter((variable) => !decays(variable)), learningRate: 1e-3 },
    ],
    { name: "sgd", momentum: 0.9 },
  );
  const batch = Number(flags.batch);
  const [height, width] = flags.size?.split("x").map(Number) ?? (/upernet|hrnet/.test(name) ? [480, 608] : [456, 600]);
  const stride = /upernet|hrnet/.test(name) ? 4 : 8;
  const image = tf.randomNormal([batch, height, width, 3], 0, 1, "float32", 1);
  const labels = tf.randomUniform([batch, height / stride, width / stride], -1, 150, "int32", 2);
  const order = new Map(training.variables.map(({ id }, i) => [id, i]));
  const seconds = { forward: [], backward: [], update: [], step: [] };
  for (let step = 0; step <= Number(flags.steps); step++) {
    const start = performance.now();
    let middle = start;
    const { loss, gradients } = training.gradients(image, ([scores, auxiliary]) => {
      const main = sparseCrossEntropy(scores, labels);
      const total = auxiliary ? main.add(sparseCrossEntropy(auxiliary, labels).mul(0.4)) : main;
      total.dataSync();
      middle = performance.now();
      return total;
    });
    const end = performance.now();
    optimizer.update(optimizer.variables.map(({ id }) => gradients[order.get(id)]));
    loss.dataSync();
    const done = performance.now();
    tf.dispose([loss, ...gradients]);
    if (step === 0) {
      opTimes?.(1);
      continue;
    }
    seconds.forward.push((middle - start) / 1000);
    seconds.backward.push((end - middle) / 1000);
    seconds.update.push((done - end) / 1000);
    seconds.step.push((done - start) / 1000);
  }
  rows.push({
    model: name,
    "forward s": median(seconds.forward),
    "backward s": median(seconds.backward),
    "update s": median(seconds.update),
    "step s": median(seconds.step),
    "PyTorch s": PYTORCH[name] ?? "",
    "peak MB": resident(),
  });
  if (opTimes) {
    console.log(`\n${name}`);
    printTable(opTimes(Number(flags.steps)).slice(0, 12));
  }
  optimizer.dispose();
  encoder.model.dispose();
  decoder.model.dispose();
  tf.dispose([image, labels]);
}
if (opTimes) console.log();
printTable(rows);
