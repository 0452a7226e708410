/**
 * Times one SGD step, by turns with PyTorch's where there is one: forward, loss with deep supervision, backward, update; batch 2 at 456×600
 * (480×608 for UPerNet and HRNet).
 *
 *   node tools/bench/training.mjs [--backend tensorflow] [--models name,…|all] [--steps N] [--batch 2] [--size 456x600] [--threads N]
 *     [--python python3] [--ops]
 *
 * `--ops` adds where the time goes: every kernel, and the convolutions by shape, beside what a large matrix product reaches here.
 */
import { startEngine } from "@seg/backend";
import { GroupedOptimizer, sparseCrossEntropy, trainingModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { buildModels, CLASSES, inputOf, MODELS } from "./models.mjs";
import { peakOfProducts, timeOps } from "./op-times.mjs";
import { PYTORCH_OPTIONS, startPytorch } from "./pytorch.mjs";
import { printHeader, printTable, readArguments, resident } from "./report.mjs";
import { ourColumns, takeTurns, theirColumns, turnColumns } from "./turns.mjs";

const { values: flags } = readArguments({
  options: {
    backend: { type: "string", default: "tensorflow" },
    models: { type: "string", default: "mobilenetv2dilated+c1_deepsup" },
    steps: { type: "string" },
    batch: { type: "string", default: "2" },
    size: { type: "string" },
    threads: { type: "string" },
    ops: { type: "boolean", default: false },
    ...PYTORCH_OPTIONS,
  },
});

/** Steps of our network on random images: `step` makes one, and gives the seconds of its parts. */
function prepare(name, batch, [height, width], labelSize) {
  const models = buildModels(name);
  const training = trainingModel(models);
  const decays = (variable) => variable.rank === 4;
  const optimizer = new GroupedOptimizer(
    [
      { variables: training.variables.filter(decays), learningRate: 1e-3, weightDecay: 1e-4 },
      { variables: training.variables.filter((variable) => !decays(variable)), learningRate: 1e-3 },
    ],
    { name: "sgd", momentum: 0.9 },
  );
  const image = tf.randomNormal([batch, height, width, 3], 0, 1, "float32", 1);
  const labels = tf.randomUniform([batch, ...labelSize], -1, CLASSES, "int32", 2);
  return {
    parameters: training.variables.reduce((sum, { size }) => sum + size, 0),
    step() {
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
      optimizer.applyGradients(gradients);
      loss.dataSync();
      const done = performance.now();
      tf.dispose([loss, gradients]);
      const [forward, backward, update] = [middle - start, end - middle, done - end].map((ms) => ms / 1000);
      return { forward, backward, update, step: forward + backward + update };
    },
    dispose() {
      optimizer.dispose();
      for (const model of models) model.dispose();
      tf.dispose([image, labels]);
    },
  };
}

const pytorch = await startPytorch(flags.python);
const engine = await startEngine(flags.backend, { threads: flags.threads && Number(flags.threads) });
printHeader({ engine, pytorch });
const peak = flags.ops ? peakOfProducts() : undefined;
const opTimes = flags.ops ? timeOps() : undefined;
if (peak) console.log(`Product of two matrices of 2048×2048: ${peak.toFixed(0)} GFLOP/s\n`);

const rows = [];
for (const name of flags.models === "all" ? MODELS : flags.models.split(",")) {
  const batch = Number(flags.batch);
  const { size: usual, stride } = inputOf(name);
  const size = flags.size?.split("x").map(Number) ?? usual;
  const labels = size.map((pixels) => Math.ceil(pixels / stride));
  const job = { classes: CLASSES, threads: engine.threads, task: "training", batch, size, labels };
  const theirs = await pytorch.build?.(name, job);
  const ours = prepare(name, batch, size, labels);
  if (theirs?.parameters && theirs.parameters !== ours.parameters) {
    throw new Error(`${name} has ${ours.parameters} parameters but ${theirs.parameters} in PyTorch: networks differ.`);
  }
  ours.step(); // Packs weights and warms caches.
  opTimes?.(1);
  const taken = await takeTurns(ours.step, theirs?.layout && pytorch.run, Number(flags.steps));
  rows.push({
    model: name,
    ...ourColumns(taken),
    ...theirColumns(taken, "step", theirs),
    ...turnColumns(taken),
    "peak MB": resident(),
  });
  if (opTimes) {
    const { kernels, convolutions } = opTimes(taken.turns.length, peak);
    console.log(`${name}: kernels`);
    printTable(kernels.slice(0, 20));
    for (const kernel of new Set(convolutions.map(({ kernel }) => kernel))) {
      const own = convolutions.filter((row) => row.kernel === kernel);
      console.log(`\n${name}: ${kernel} by shape, the longest 8 of ${own.length}`);
      printTable(own.slice(0, 8).map(({ kernel: _, ...row }) => row));
    }
    console.log();
  }
  ours.dispose();
}
pytorch.stop?.();
printTable(rows);
