import * as tf from "@tensorflow/tfjs";
import { type Engine, type EngineName, unavailable } from "./engine.ts";
import { type WrapOptions, wrapEngineErrors } from "./engine-errors.ts";

/** Makes `backend` TF.js's current backend, and wraps its errors under the engine's name. */
export async function activate(backend: string, name: EngineName | "webgl", options?: WrapOptions): Promise<void> {
  if (!(await tf.setBackend(backend))) throw unavailable(`TF.js could not initialise its backend ${backend}`);
  await tf.ready();
  wrapEngineErrors(name, options);
}

/** TF.js's plain JavaScript engine, part of `@tensorflow/tfjs` itself. @param device - the CPU's name. */
export async function startCpu(device: string): Promise<Engine & { name: "cpu" }> {
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
    device,
    threads: 1,
  };
}
