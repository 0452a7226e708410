// The entry point of a worker: holds one segmenter. While the engine is at one photo, the next is decoded and the last is drawn.
import { decodeImage, type RgbImage } from "@seg/ade20k-data";
import { isSegError } from "@seg/errors";
import { endWithParent, ignoreEndSignals, serializeError } from "@seg/node";
import { createSegmenter } from "@seg/pipeline/segment";
import type { FromWorker, Result, Task, ToWorker, WorkerSetup } from "./messages.ts";
import { render } from "./render.ts";

// The parent decides when this ends: an interrupt from the terminal reaches it too, and its own death closes the channel.
process.on("disconnect", () => process.exit());
ignoreEndSignals();
// While the engine computes, this thread does not hear of that.
endWithParent();
process.once("message", (setup) => work(setup as WorkerSetup).catch(giveUp));

function say(message: FromWorker, said: () => void = () => {}): void {
  process.send?.(message, said);
}

function giveUp(error: unknown): void {
  if (isSegError(error) && error.code !== "out-of-memory") say({ type: "failed", error: serializeError(error) });
  else say({ type: "dying", reason: `failed: ${(error as Error)?.message ?? error}` }, () => process.exit(1));
}

async function work({ config, weights, backend, gpu, threads }: WorkerSetup): Promise<void> {
  const notes: string[] = [];
  const log = (line: string) => notes.push(line);
  const segmenter = await createSegmenter({ config, weights, backend, gpu, threads, log });
  const cancellations = new Map<number, AbortController>();
  let turn: Promise<unknown> = Promise.resolve();

  const doTask = async (id: number, task: Task, signal: AbortSignal): Promise<Result> => {
    const { photo, maxPixels, sizes } = task;
    let decoded: Promise<RgbImage> | undefined = decodeImage(photo, { maxPixels, signal });
    let begun = false;
    // Who is given up while the engine is at another photo does not wait for that one, and keeps no pixels till then.
    const left = new Promise<never>((_, reject) => {
      const leave = () => {
        if (begun) return;
        decoded = undefined;
        reject(signal.reason);
      };
      const settled = decoded!.then(
        () => {},
        () => {},
      );
      signal.addEventListener("abort", () => void settled.then(leave), { once: true });
    });
    left.catch(() => {});
    const found = turn.then(async () => {
      signal.throwIfAborted();
      const image = await decoded!;
      signal.throwIfAborted();
      begun = true;
      say({ type: "working", id });
      return segmenter.segment({ ...image, channels: 3 }, { signal, sizes });
    });
    // Its own error is told below.
    turn = found.catch(() => {});
    return render(await Promise.race([found, left]), segmenter.classes, task);
  };

  process.on("message", (message: ToWorker) => {
    const { id } = message;
    if (message.type === "cancel") return cancellations.get(id)?.abort();
    const cancellation = new AbortController();
    cancellations.set(id, cancellation);
    doTask(id, message.task, cancellation.signal)
      .then((result) => say({ type: "done", id, result }))
      .catch((error) => {
        if (isSegError(error) ? error.code === "out-of-memory" : !cancellation.signal.aborted) giveUp(error);
        else say({ type: "failed", id, error: serializeError(error) });
      })
      .finally(() => cancellations.delete(id));
  });
  say({ type: "ready", info: { engine: segmenter.engine, classes: segmenter.classes, notes } });
}
