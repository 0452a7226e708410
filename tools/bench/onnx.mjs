/**
 * Compares our networks on ONNX Runtime with a bare session of the same network as PyTorch's own exporter writes it, by turns, where it
 * can write it (not pyramid pooling): median of several runs of the network alone, without labels.
 *
 *   node tools/bench/onnx.mjs [--models name,…] [--runs N] [--threads N] [--python python3]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEngine } from "@seg/backend";
import { onnxInference } from "@seg/onnx";
import ort from "onnxruntime-node";
import { buildModels, CLASSES, inputOf, randomImage } from "./models.mjs";
import { PYTORCH_OPTIONS } from "./pytorch.mjs";
import { median, printHeader, printTable, readArguments } from "./report.mjs";

const { values: flags } = readArguments({
  options: {
    models: { type: "string", default: "mobilenetv2dilated+c1,resnet18dilated+c1,resnet50dilated+c1,hrnetv2+c1" },
    runs: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    ...PYTORCH_OPTIONS,
  },
});

const EXPORTER = fileURLToPath(new URL("pytorch_onnx.py", import.meta.url));
const threads = Number(flags.threads);

async function seconds(run) {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

await startEngine("cpu"); // Holds the weights.
const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
const rows = [];
try {
  for (const model of flags.models.split(",")) {
    const { size } = inputOf(model);
    const image = randomImage(size);
    const file = join(folder, "model.onnx");
    execFileSync(flags.python, [EXPORTER, model, file, ...size.map(String)], { stdio: ["ignore", "ignore", "pipe"] });
    const bare = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, logSeverityLevel: 3 });
    const input = new ort.Tensor("float32", image.data, [1, 3, ...size]);
    const models = buildModels(model);
    const ours = await onnxInference(models, { outputs: [0], threads });
    for (const one of models) one.dispose();
    const contestants = [() => ours.run(image), () => bare.run({ [bare.inputNames[0]]: input })];
    for (const run of contestants) await run();
    const taken = contestants.map(() => []);
    for (let turn = 0; turn < Number(flags.runs); turn++) {
      for (const [i, run] of contestants.entries()) taken[i].push(await seconds(run));
    }
    const [own, theirs] = taken.map(median);
    if (rows.length === 0) printHeader({ engine: { name: "onnxruntime", ...ours.engine } });
    rows.push({ model, classes: CLASSES, "ours s": own, "PyTorch's export s": theirs, "ours ÷ bare": own / theirs });
    await ours.dispose();
    await bare.release();
  }
} finally {
  rmSync(folder, { recursive: true });
}
printTable(rows);
