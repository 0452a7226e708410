/**
 * Times inference the way the project's figures are stated: input 456×600 (480×608 for UPerNet and HRNet), label map at
 * 512×683, argmax included, median of several runs.
 *
 *   node tools/bench/inference.mjs [--backend tensorflow,wasm] [--models name,…] [--runs 5]
 */
import { parseArgs } from "node:util";
import { startEngine } from "@seg/backend";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { argmaxResized, inferenceModel } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import { median, printTable, resident } from "./report.mjs";

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", default: "tensorflow" },
    models: { type: "string", default: "mobilenetv2dilated+c1_deepsup,resnet50dilated+ppm_deepsup" },
    runs: { type: "string", default: "5" },
  },
});

/** PyTorch 2.13 on two cores of an EPYC, seconds; measured on another machine of the same kind. */
const PYTORCH = {
  "mobilenetv2dilated+c1_deepsup": 0.52,
  "resnet18dilated+ppm_deepsup": 1.36,
  "resnet50dilated+ppm_deepsup": 2.43,
  "resnet50+upernet": 3.33,
  "hrnetv2+c1": 1.82,
};

const rows = [];
for (const backend of flags.backend.split(",")) {
  await startEngine(backend);
  for (const name of flags.models.split(",")) {
    const [encoderName, decoderName] = name.split("+");
    const encoder = buildEncoder(encoderName, { seed: 1 });
    const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1 });
    const model = inferenceModel([encoder.model, decoder.model], [0]);
    encoder.model.dispose();
    decoder.model.dispose();
    const size = /upernet|hrnet/.test(name) ? [480, 608] : [456, 600];
    const image = tf.randomNormal([1, ...size, 3], 0, 1, "float32", 1);
    const seconds = { network: [], labels: [], total: [] };
    for (let run = 0; run <= Number(flags.runs); run++) {
      const start = performance.now();
      const [scores] = model.predict(image);
      if (backend === "webgpu") await scores.data();
      const middle = performance.now();
      const labels = argmaxResized([scores], [512, 683]);
      await labels.data();
      const end = performance.now();
      tf.dispose([scores, labels]);
      if (run === 0) continue; // The first run packs weights and warms caches.
      seconds.network.push((middle - start) / 1000);
      seconds.labels.push((end - middle) / 1000);
      seconds.total.push((end - start) / 1000);
    }
    model.dispose();
    image.dispose();
    rows.push({
      engine: backend,
      model: name,
      "network s": median(seconds.network),
      "labels s": median(seconds.labels),
      "total s": median(seconds.total),
      "PyTorch s": PYTORCH[name] ?? "",
      "peak MB": resident(),
    });
  }
}
printTable(rows);
