import { availableParallelism, cpus } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { type Engine, type EngineName, unavailable } from "./engine.ts";
import { type WrapOptions, wrapEngineErrors } from "./engine-errors.ts";
import { firstLine } from "./errors.ts";
import { activateWasm, checkMalloc } from "./wasm-module.ts";

/** The CPU's name, as the system gives it. */
export function cpuName(): string {
  return `${cpus()[0]?.model.trim() ?? "CPU"} (${availableParallelism()} cores)`;
}

/** TF.js's WebAssembly engine. Its threads are switched off under Node, so it runs on one core. */
export async function loadWasm(): Promise<Engine> {
  const name = "@tensorflow/tfjs-backend-wasm";
  const wasm = await import("@tensorflow/tfjs-backend-wasm").catch((error) => {
    throw unavailable(`${name} does not load: ${firstLine(error)}`, error);
  });
  await activateWasm();
  checkMalloc();
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return {
    name: "wasm",
    package: name,
    version: wasm.version_wasm,
    device: `${cpuName()}, ${simd ? "SIMD" : "no SIMD"}`,
    threads: wasm.getThreadsCount(),
  };
}

/** TF.js's plain JavaScript engine, part of `@tensorflow/tfjs` itself. */
export async function loadCpu(): Promise<Engine> {
  await activate("cpu", "cpu");
  // Its first tensor prints an advertisement for tfjs-node unless TF.js is in production mode at that moment.
  const production = tf.env().getBool("PROD");
  tf.env().set("PROD", true);
  try {
    tf.scalar(0).dispose();
  } finally {
    tf.env().set("PROD", production);
  }
  return {
    name: "cpu",
    package: "@tensorflow/tfjs-backend-cpu",
    version: tf.version["tfjs-backend-cpu"],
    device: cpuName(),
    threads: 1,
  };
}

/** Makes `backend` TF.js's current backend, and wraps its errors under the engine's name. */
export async function activate(backend: string, name: EngineName, options?: WrapOptions): Promise<void> {
  if (!(await tf.setBackend(backend))) throw unavailable(`TF.js could not initialise its backend ${backend}`);
  await tf.ready();
  wrapEngineErrors(name, options);
}
