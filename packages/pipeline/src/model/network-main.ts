// The entry point of a process of open-apart.ts: holds one network, and runs it on what it is sent.
import type { ArrayTensor } from "@seg/layers";
import { endWithParent, ignoreEndSignals, type SerializedError, serializeError } from "@seg/node";
import type { Config } from "@seg/segmenter/config";
import type { ModelFiles } from "../weights/find.ts";
import { type InferenceEngineInfo, type OpenNetwork, type OpenOptions, openNetwork } from "./inference-engine.ts";

/** What the process is told first. */
export interface NetworkSetup extends Omit<OpenOptions, "log"> {
  config: Config;
  files: ModelFiles;
}

/** What it answers: first `open`, then `results` to each tensor that it is sent; or what was thrown. */
export type FromNetwork =
  | { type: "open"; engine: InferenceEngineInfo; inputSize: readonly [number, number] | undefined; notes: string[] }
  | { type: "results"; results: ArrayTensor[] }
  | { type: "failed"; error: SerializedError };

// The parent decides when this ends: an interrupt from the terminal reaches it too.
process.on("disconnect", () => process.exit());
ignoreEndSignals();
endWithParent();

let network: OpenNetwork["network"] | undefined;

async function answer(message: NetworkSetup | ArrayTensor): Promise<FromNetwork> {
  if (network) return { type: "results", results: await network.run(message as ArrayTensor) };
  const { config, files, ...options } = message as NetworkSetup;
  const notes: string[] = [];
  const opened = await openNetwork(config, files, { ...options, log: (line) => notes.push(line) });
  network = opened.network;
  return { type: "open", engine: opened.engine, inputSize: network.inputSize, notes };
}

process.on("message", (message) => {
  answer(message as NetworkSetup | ArrayTensor)
    .catch((error): FromNetwork => ({ type: "failed", error: serializeError(error) }))
    .then((said) => process.send?.(said));
});
