/**
 * Times inference the way the project's figures are stated, by turns with PyTorch where there is one: input 456×600 (480×608 for UPerNet
 * and HRNet), label map at 512×683, argmax included, median of several runs.
 *
 *   node tools/bench/inference.mjs [--backend tensorflow,wasm] [--models name,…|all] [--runs N] [--threads N] [--python python3]
 */
import { startEngine } from "@seg/backend";
import { inferenceModel, labelsOf } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { buildModels, CLASSES, inputOf, MODELS } from "./models.mjs";
import { PYTORCH_OPTIONS, startPytorch } from "./pytorch.mjs";
import { printHeader, printTable, readArguments, resident } from "./report.mjs";
import { ourColumns, takeTurns, theirColumns, turnColumns } from "./turns.mjs";

const { values: flags } = readArguments({
  options: {
    backend: { type: "string", default: "tensorflow" },
    models: { type: "string", default: "mobilenetv2dilated+c1_deepsup,resnet50dilated+ppm_deepsup" },
    runs: { type: "string" },
    threads: { type: "string" },
    ...PYTORCH_OPTIONS,
  },
});

const LABEL_MAP = [512, 683];

/** Label map of the scores of one image. */
async function labelsFrom(scores) {
  const [, height, width, classes] = scores.shape;
  labelsOf([{ data: await scores.data(), height, width, classes }], LABEL_MAP);
}

const pytorch = await startPytorch(flags.python);
for (const backend of flags.backend.split(",")) {
  const engine = await startEngine(backend, { threads: flags.threads && Number(flags.threads) });
  printHeader({ engine, pytorch });
  const rows = [];
  for (const name of flags.models === "all" ? MODELS : flags.models.split(",")) {
    const { size } = inputOf(name);
    const job = { classes: CLASSES, threads: engine.threads, task: "inference", batch: 1, size, labels: LABEL_MAP };
    const theirs = await pytorch.build?.(name, job);
    const models = buildModels(name);
    const network = inferenceModel(models, [0]);
    for (const model of models) model.dispose();
    const image = tf.randomNormal([1, ...size, 3], 0, 1, "float32", 1);
    const infer = async () => {
      const start = performance.now();
      const [scores] = network.predict(image);
      if (backend === "webgpu") await scores.data();
      const middle = performance.now();
      await labelsFrom(scores);
      const end = performance.now();
      scores.dispose();
      const [own, labels] = [middle - start, end - middle].map((ms) => ms / 1000);
      return { network: own, labels, total: own + labels };
    };
    await infer(); // Packs weights and warms caches.
    const taken = await takeTurns(infer, theirs?.layout && pytorch.run, Number(flags.runs));
    network.dispose();
    image.dispose();
    rows.push({
      engine: backend,
      model: name,
      ...ourColumns(taken),
      ...theirColumns(taken, "total", theirs),
      ...turnColumns(taken),
      "peak MB": resident(),
    });
  }
  printTable(rows);
}
pytorch.stop?.();
