/**
 * What synchronized batch norm adds to a training step of two replicas, threads of one process with one TensorFlow thread each: forward,
 * loss, backward; batch norms with and without the group by turns, so that both meet the same machine. The processor's time is that of both
 * replicas, without that of other programs; the least of each is what the machine did when it was disturbed least.
 *
 *   node tools/bench/sync-bn.mjs [--model resnet18dilated+ppm_deepsup] [--replicas 2] [--batch 2] [--size 224x304] [--steps 10]
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { startEngine } from "@seg/backend";
import { createThreadGroup, joinThreadGroup } from "@seg/collectives";
import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import { sparseCrossEntropy, trainingModel } from "@seg/layers";
import { attachGroup } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import { engineOfChildren, median, printHeader, printTable, readArguments } from "./report.mjs";

const seconds = (since) => (performance.now() - since) / 1000;

/** The group, with the time that its calls take and the bytes that each rank hands over. */
function metered(group, meter) {
  const call =
    (name) =>
    (data, ...rest) => {
      const start = performance.now();
      const result = group[name](data, ...rest);
      meter.seconds += seconds(start);
      meter.calls++;
      meter.bytes += data.byteLength;
      return result;
    };
  return { rank: group.rank, size: group.size, allGather: call("allGather"), allReduce: call("allReduce") };
}

async function replica({ handle, rank, flags }) {
  await startEngine("tensorflow");
  const group = joinThreadGroup(handle, rank);
  const [encoderName, decoderName] = flags.model.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1 });
  const training = trainingModel([encoder.model, decoder.model]);
  const stride = encoder.featureInfo.at(-1).stride;
  const [height, width] = flags.size.split("x").map(Number);
  const batch = Number(flags.batch);
  const image = tf.randomNormal([batch, height, width, 3], 0, 1, "float32", rank);
  const labels = tf.randomUniform([batch, height / stride, width / stride], -1, 150, "int32", rank);

  const runs = { alone: [], synchronized: [] };
  for (let step = -1; step < Number(flags.steps); step++) {
    for (const mode of Object.keys(runs)) {
      const meter = { seconds: 0, calls: 0, bytes: 0 };
      const shared = mode === "synchronized" ? metered(group, meter) : undefined;
      const layers = attachGroup(encoder.model, shared) + attachGroup(decoder.model, shared);
      group.barrier();
      const start = performance.now();
      const before = process.cpuUsage();
      const { loss, gradients } = training.gradients(image, ([scores, auxiliary]) => {
        const main = sparseCrossEntropy(scores, labels);
        return auxiliary ? main.add(sparseCrossEntropy(auxiliary, labels).mul(0.4)) : main;
      });
      loss.dataSync();
      // A step ends when all have ended it, with batch norm synchronized or not: the gradients are summed next.
      group.barrier();
      const { user, system } = process.cpuUsage(before);
      tf.dispose([loss, gradients]);
      if (step >= 0) runs[mode].push({ step: seconds(start), cpu: (user + system) / 1e6, layers, ...meter });
    }
  }
  group.dispose();
  parentPort.postMessage(runs);
}

async function main() {
  const { values: flags } = readArguments({
    options: {
      model: { type: "string", default: "resnet18dilated+ppm_deepsup" },
      replicas: { type: "string", default: "2" },
      batch: { type: "string", default: "2" },
      size: { type: "string", default: "224x304" },
      steps: { type: "string", default: "10" },
    },
  });
  // Read once by TensorFlow, from the process: one thread for each replica.
  process.env.TF_NUM_INTRAOP_THREADS = "1";
  printHeader({ engine: await engineOfChildren("tensorflow"), threads: `1 for each of ${flags.replicas} replicas` });
  const handle = createThreadGroup({ size: Number(flags.replicas), timeoutMs: 300_000 });
  const all = await Promise.all(
    Array.from({ length: handle.size }, (_, rank) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { handle, rank, flags } });
      return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    }),
  );
  const [first] = all;
  const [{ layers, calls, bytes }] = first.synchronized;
  console.log(
    `${flags.model}, ${handle.size} replicas of batch ${flags.batch} at ${flags.size}: ` +
      `${layers} batch norms, ${calls} exchanges of ${Math.round(bytes / calls)} bytes a step`,
  );
  const of = (mode, what, pick) => pick(first[mode].map((run) => run[what]));
  const least = (numbers) => Math.min(...numbers);
  const row = (mode) => ({
    "batch norm": mode,
    "step s": of(mode, "step", median),
    "least s": of(mode, "step", least),
    "in exchanges s": of(mode, "seconds", median),
    "processor s": of(mode, "cpu", median),
    "least processor s": of(mode, "cpu", least),
  });
  const [alone, synchronized] = [row("alone"), row("synchronized")];
  const percent = (name) => (alone[name] ? (synchronized[name] / alone[name] - 1) * 100 : "");
  const overhead = Object.fromEntries(Object.keys(alone).map((name) => [name, percent(name)]));
  printTable([alone, synchronized, { ...overhead, "batch norm": "overhead, %" }]);
}

await (isMainThread ? main() : replica(workerData));
