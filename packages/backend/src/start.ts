import * as tf from "@tensorflow/tfjs";

export type EngineName = "tensorflow-gpu" | "tensorflow" | "webgpu" | "wasm" | "cpu";
export interface EngineInfo {
  name: EngineName;
}

export async function startEngine(name: EngineName): Promise<EngineInfo> {
  if (name === "wasm") await import("@tensorflow/tfjs-backend-wasm");
  if (name === "tensorflow") await import("@tensorflow/tfjs-node" as string);
  if (!(await tf.setBackend(name))) throw new Error(`${name} did not start`);
  await tf.ready();
  return { name };
}
