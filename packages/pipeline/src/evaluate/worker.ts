// Run in a process of its own by evaluate.ts: holds one engine. Decoding and scoring are done by threads beside it, so that
// this thread does nothing but feed the engine.

import { isSegError } from "@seg/errors";
import { endWithParent, ignoreEndSignals, ownModule, serializeError, startThread } from "@seg/node";
import { predictLabels } from "@seg/segmenter";
import { openNetwork } from "../model/inference-engine.ts";
import type { FromLoader, ToLoader } from "./loader.ts";
import type {
  EvaluationPair,
  FromWorker,
  ImageCounts,
  LoaderSetup,
  ToWorker,
  WorkerInfo,
  WorkerSetup,
} from "./messages.ts";

// An engine on a GPU is faster than one thread loads.
const LOADERS_OF_GPU = 4;

// The parent decides when this ends: an interrupt from the terminal reaches it too, and its own death closes the channel.
process.on("disconnect", () => process.exit());
ignoreEndSignals();
// While the engine computes, or computes without end, this thread does not hear of that.
endWithParent();
process.once("message", (setup) => work(setup as WorkerSetup).catch(giveUp));

function say(message: FromWorker<WorkerInfo, ImageCounts>, said: () => void = () => {}): void {
  process.send?.(message, said);
}

function giveUp(error: unknown): void {
  const known = isSegError(error) ? error : undefined;
  // What did not fit beside the other workers' images may fit in the next attempt.
  if (known && known.code !== "out-of-memory") say({ type: "failed", error: serializeError(known) });
  else say({ type: "dying", reason: `failed: ${known?.message ?? String(error)}` }, () => process.exit(1));
}

async function work({ config, files, backend, gpu, threads, flip, loader }: WorkerSetup): Promise<void> {
  const notes: string[] = [];
  const log = (line: string) => notes.push(line);
  const { engine, network } = await openNetwork(config, files, { backend, gpu, threads, log });
  const onGpu = engine.name === "tensorflow-gpu" || engine.name === "webgpu" || gpu !== undefined;
  const { inputSize } = network;
  const workerData: LoaderSetup = { ...loader, scales: { ...loader.scales, inputSize } };
  const loaders = Array.from({ length: onGpu ? LOADERS_OF_GPU : 1 }, () =>
    startThread(ownModule("./loader", import.meta.url), { workerData }).on("error", giveUp),
  );
  const engineTimes = new Map<number, number>();

  const predict = async ({ index, scales, height, width }: FromLoader & { type: "loaded" }) => {
    const start = performance.now();
    const alive = () => say({ type: "working", index });
    alive();
    const labels = new Uint8Array(await predictLabels(network, scales, [height, width], { flip, onScale: alive }));
    engineTimes.set(index, performance.now() - start);
    loaderOf(index).postMessage({ index, labels } satisfies ToLoader, [labels.buffer]);
  };
  const loaderOf = (index: number) => loaders[index % loaders.length]!;

  let queue = Promise.resolve();
  for (const thread of loaders) {
    thread.on("message", (message: FromLoader) => {
      if (message.type === "loaded") queue = queue.then(() => predict(message)).catch(giveUp);
      else if (message.type === "failed") say(message);
      else {
        const engineTime = engineTimes.get(message.index)!;
        engineTimes.delete(message.index);
        say({ type: "done", index: message.index, result: { confusion: message.confusion, engineTime } });
      }
    });
  }
  process.on("message", ({ index, task }: ToWorker<EvaluationPair>) => {
    loaderOf(index).postMessage({ index, pair: task } satisfies ToLoader);
  });
  // One is at the engine while others are loaded and scored.
  say({ type: "ready", capacity: 2 + loaders.length, info: { engine, notes } });
}
