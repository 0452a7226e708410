import { Option } from "commander";

/** Engines that train. */
export const TRAINING_BACKENDS = ["auto", "tensorflow-gpu", "tensorflow", "webgpu", "wasm", "cpu"];

/** Engines that segment and score. */
export const INFERENCE_BACKENDS = ["auto", "onnxruntime", ...TRAINING_BACKENDS.slice(1)];

/** `--backend`, one of `engines`. */
export const backendFlag = (engines: readonly string[]): Option =>
  new Option("--backend <engine>", "what computes").choices(engines).default("auto");
