import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { activate } from "./activate.ts";
import { type Engine, unavailable } from "./engine.ts";
import { firstLine } from "./errors.ts";
import { findPackage, requireHere } from "./packages.ts";
import { patchWebgpu } from "./webgpu-patches.ts";

/** The parts of WebGPU that are used here; its own types need a package that few have. */
interface Gpu {
  requestAdapter(options?: { powerPreference: "high-performance" }): Promise<{
    info: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean };
  } | null>;
}

const BACKEND = "@tensorflow/tfjs-backend-webgpu";

/**
 * TF.js's WebGPU engine. Where the system has no `navigator.gpu`, the `webgpu` package (Dawn) provides it, before the
 * backend is imported: the backend looks for it once, at that moment.
 */
export async function loadWebgpu(): Promise<Engine> {
  const backend = findPackage(BACKEND);
  if (!backend) throw unavailable(`${BACKEND} is not installed: npm install ${BACKEND} webgpu`);
  const scope = globalThis as { navigator?: { gpu?: Gpu } };
  if (!scope.navigator?.gpu) {
    if (!findPackage("webgpu")) throw unavailable("webgpu is not installed: npm install webgpu");
    const gpu = await dawn();
    await firstAdapter(gpu);
    if (!scope.navigator) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
    Object.defineProperty(scope.navigator!, "gpu", { value: gpu, configurable: true });
  }
  const { info } = await firstAdapter(scope.navigator!.gpu!);
  // Required, not imported, so that it registers with the instance of TF.js that the native packages use too.
  if (!tf.findBackendFactory("webgpu")) requireHere(BACKEND);
  await activate("webgpu", "webgpu");
  patchWebgpu();
  const device = info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(" ");
  return {
    name: "webgpu",
    package: BACKEND,
    version: backend.version,
    device: info.isFallbackAdapter ? `${device} (software)` : device,
    threads: 1,
  };
}

async function dawn(): Promise<Gpu> {
  try {
    const { create, globals } = await import(pathToFileURL(requireHere.resolve("webgpu")).href);
    for (const [name, value] of Object.entries(globals)) {
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    return create([]);
  } catch (error) {
    throw unavailable(`webgpu does not load: ${firstLine(error)}`, error);
  }
}

async function firstAdapter(gpu: Gpu) {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter) return adapter;
  const driver = process.platform === "linux" ? "a Vulkan driver (libvulkan.so.1 and the GPU's own)" : "a GPU driver";
  throw unavailable(`no WebGPU adapter: it needs a GPU and ${driver}`);
}
