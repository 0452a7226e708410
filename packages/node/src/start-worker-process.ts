import type { ChildProcess, Serializable } from "node:child_process";
import { startProcess } from "./own-module.ts";

/**
 * Starts a process that computes for this one, on a GPU of its own where there is one, and sends it its setup as the first message. What it prints
 * is kept for `stderrTail`; with `SEG_DEBUG=1` it is shown.
 *
 * @param module - what it runs.
 * @param setup - any values that structured cloning takes; `gpu` is the number of the only GPU that it sees.
 *
 * @example
 * ```ts
 * import { once } from "node:events";
 * import { writeFile } from "node:fs/promises";
 * import { pathToFileURL } from "node:url";
 * import { startWorkerProcess } from "@seg/node";
 *
 * const code = `process.once("message", (setup) => process.send([setup.name, process.env.CUDA_VISIBLE_DEVICES]));`;
 * await writeFile("job.mjs", code);
 * const setup = { gpu: 1, name: "resnet18" };
 * const [answer] = await once(startWorkerProcess(pathToFileURL("job.mjs"), setup), "message");
 * console.log(answer); // [ 'resnet18', '1' ]
 * ```
 */
export function startWorkerProcess(module: URL, setup: { readonly gpu?: number | undefined }): ChildProcess {
  const { gpu } = setup;
  const child = startProcess(module, [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", process.env.SEG_DEBUG === "1" ? "inherit" : "pipe", "ipc"],
    // Several workers may share a GPU; by itself TensorFlow would give all its memory to the first.
    env: {
      TF_FORCE_GPU_ALLOW_GROWTH: "true",
      ...process.env,
      ...(gpu !== undefined && { CUDA_VISIBLE_DEVICES: `${gpu}` }),
    },
  });
  // Where it is gone already, its end follows.
  child.send(setup as Serializable, () => {});
  return child;
}
