/**
 * Times inference the way the project's figures are stated, by turns with PyTorch where there is one: input 456×600 (480×608 for UPerNet
 * and HRNet), label map at 512×683, argmax included, median of several runs.
 *
 *   node tools/bench/inference.mjs [--backend onnxruntime,tensorflow,wasm] [--models name,…|all] [--runs N] [--threads N] [--python python3]
 */
import { startEngine } from "@seg/backend";
import { inferenceModel, labelsOf } from "@seg/layers";
import { onnxInference } from "@seg/onnx";
import { buildModels, CLASSES, inputOf, MODELS, randomImage } from "./models.mjs";
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

const threads = flags.threads && Number(flags.threads);

/** Starts an engine; gives what it is, and what prepares models on it. */
async function start(backend) {
  if (backend !== "onnxruntime") {
    return { engine: await startEngine(backend, { threads }), prepare: (models) => inferenceModel(models, [0]) };
  }
  await startEngine("cpu"); // Holds the weights.
  const prepare = (models) => onnxInference(models, { outputs: [0], ...(threads && { threads }) });
  const [tiny] = buildModels("mobilenetv2dilated+c1");
  const { engine, dispose } = await prepare(tiny);
  await dispose();
  return { engine: { name: backend, device: "CPU", ...engine }, prepare };
}

const pytorch = await startPytorch(flags.python);
for (const backend of flags.backend.split(",")) {
  const { engine, prepare } = await start(backend);
  printHeader({ engine, pytorch });
  const rows = [];
  for (const name of flags.models === "all" ? MODELS : flags.models.split(",")) {
    const { size } = inputOf(name);
    const job = { classes: CLASSES, threads: engine.threads, task: "inference", batch: 1, size, labels: LABEL_MAP };
    const theirs = await pytorch.build?.(name, job);
    const models = buildModels(name);
    const network = await prepare(models);
    for (const model of models) model.dispose();
    const image = randomImage(size);
    const infer = async () => {
      const start = performance.now();
      const [{ data, shape }] = await network.run(image);
      const middle = performance.now();
      const [, height, width, classes] = shape;
      labelsOf([{ data, height, width, classes }], LABEL_MAP);
      const [own, labels] = [middle - start, performance.now() - middle].map((ms) => ms / 1000);
      return { network: own, labels, total: own + labels };
    };
    await infer(); // Packs weights and warms caches.
    const taken = await takeTurns(infer, theirs?.layout && pytorch.run, Number(flags.runs));
    await network.dispose();
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
