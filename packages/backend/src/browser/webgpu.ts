import * as tf from "@tensorflow/tfjs";
import { activate } from "../activate.ts";
import { type Engine, unavailable } from "../engine.ts";
import { firstLine } from "../errors.ts";
import { patchWebgpu } from "../webgpu-patches.ts";
import { deviceName, page } from "./page.ts";

const BACKEND = "@tensorflow/tfjs-backend-webgpu";

/** TF.js's WebGPU engine in a page. Its package is fetched only where the browser has a GPU for it. */
export async function loadWebgpu(): Promise<Engine<"webgpu">> {
  const gpu = page.navigator?.gpu;
  if (!gpu)
    throw unavailable("there is no WebGPU here: it wants a newer browser, and a page by https or from this machine");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw unavailable("no WebGPU adapter: the browser does not use this machine's GPU");
  try {
    // In `try` bundlers take it for what may be absent; some put an empty module in its place.
    await import("@tensorflow/tfjs-backend-webgpu");
    if (!tf.findBackendFactory("webgpu")) throw new Error("it is not installed");
  } catch (error) {
    throw unavailable(`${BACKEND} does not load (${firstLine(error)}): npm install ${BACKEND}`, error);
  }
  await activate("webgpu", "webgpu");
  const { device } = tf.backend() as unknown as { device: { lost: Promise<{ message: string }> } };
  const lost = device.lost.then(({ message }) => `the device was lost${message && `: ${message}`}`);
  await activate("webgpu", "webgpu", { lost });
  patchWebgpu();
  const { info } = adapter;
  const name = [info?.vendor, info?.architecture, info?.device].filter(Boolean).join(" ");
  return {
    name: "webgpu",
    package: BACKEND,
    version: tf.version["tfjs-core"],
    device: deviceName(info?.description || name || "GPU", info?.isFallbackAdapter || undefined),
    threads: 1,
  };
}
