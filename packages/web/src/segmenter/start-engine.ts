import { networkProof } from "@seg/segmenter/proof";
import * as tf from "@tensorflow/tfjs";
import { WebError } from "./errors.ts";
import type { WebEngineName } from "./options.ts";

/** The engine that runs, and those tried before it. */
export interface StartedEngine {
  name: WebEngineName;
  unavailable: { name: WebEngineName; reason: string }[];
}

/** What `auto` tries, first to last. */
const AUTO: readonly WebEngineName[] = ["webgl", "wasm"];

/**
 * Starts an engine of TF.js's that computes small convolutions right.
 *
 * @throws {WebError} `engine` with the reasons.
 */
export async function startEngine(
  choice: WebEngineName | "auto",
  wasmPaths: string | undefined,
): Promise<StartedEngine> {
  const unavailable: StartedEngine["unavailable"] = [];
  for (const name of choice === "auto" ? AUTO : [choice]) {
    try {
      if (name === "wasm") {
        const wasm = await import("@tensorflow/tfjs-backend-wasm");
        if (wasmPaths !== undefined) wasm.setWasmPaths(wasmPaths);
      }
      if (!(await tf.setBackend(name))) throw new Error(`TF.js could not initialise its backend ${name}`);
      await tf.ready();
      await networkProof()();
      return { name, unavailable };
    } catch (error) {
      unavailable.push({ name, reason: (error as Error).message.split("\n")[0]! });
    }
  }
  const reason = unavailable.map((tried) => `${tried.name}: ${tried.reason}`).join("; ");
  throw new WebError("engine", `No engine will do. ${reason}`, { data: { reason } });
}
