import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { activate } from "./activate.ts";
import { type Engine, type EngineLoader, unavailable } from "./engine.ts";
import { firstLine } from "./errors.ts";
import { openAddon } from "./native-addon.ts";
import { addonPath, findPackage, requireHere } from "./packages.ts";
import { cutSinceProof } from "./setup/prove-addon.ts";
import { polyfillUtil } from "./util-polyfill.ts";
import { cpuName } from "./wasm-and-cpu.ts";

/** The npm package of each native engine. Both register a TF.js backend called `tensorflow`. */
export const NATIVE_PACKAGES = {
  "tensorflow-gpu": "@tensorflow/tfjs-node-gpu",
  tensorflow: "@tensorflow/tfjs-node",
} as const;

type NativeName = keyof typeof NATIVE_PACKAGES;

/** The command that builds each one's addon. */
const SETUP: Record<NativeName, string> = { "tensorflow-gpu": "seg setup --gpu", tensorflow: "seg setup" };

/** The parts of tfjs-node's backend and addon that are used here. */
interface Binding {
  TF_Version: string;
  isUsingGpuDevice(): boolean;
}
interface NativeBackend {
  binding: Binding;
  isGPUPackage: boolean;
}

/** The package whose C library this process has loaded: a second one would bind to the first one's symbols. */
let loaded: NativeName | undefined;

/** TensorFlow on an NVIDIA GPU, through `@tensorflow/tfjs-node-gpu`. */
export const loadTensorflowGpu: EngineLoader = (options) => loadNative("tensorflow-gpu", options);

/**
 * TensorFlow on the CPU, through `@tensorflow/tfjs-node`. Where this process has already loaded the GPU package and it
 * found no GPU, that package computes on the CPU and is taken instead.
 */
export const loadTensorflow: EngineLoader = (options) => loadNative("tensorflow", options);

async function loadNative(name: NativeName, options: { threads?: number | undefined }): Promise<Engine> {
  const backend = tf.findBackend("tensorflow") as unknown as NativeBackend | null;
  if (backend) loaded = backend.isGPUPackage ? "tensorflow-gpu" : "tensorflow";
  if (name === "tensorflow-gpu") {
    const missing = whyNoGpu();
    if (missing) throw unavailable(missing);
    if (loaded === "tensorflow") {
      throw unavailable(
        `${NATIVE_PACKAGES.tensorflow} is loaded in this process, and a process holds only one of the two`,
      );
    }
  }
  const from = loaded ?? name;
  const installed = findPackage(NATIVE_PACKAGES[from]);
  if (!installed) {
    const install = `npm install --ignore-scripts ${NATIVE_PACKAGES[from]} && ${SETUP[from]}`;
    throw unavailable(`${NATIVE_PACKAGES[from]} is not installed: ${install}`);
  }

  const binding = backend?.binding ?? loadAddon(from, installed.dir, options.threads);
  if (name === "tensorflow-gpu" && !binding.isUsingGpuDevice()) {
    throw unavailable("TensorFlow sees no GPU: check the driver with nvidia-smi, then run `seg setup --gpu`");
  }
  if (name === "tensorflow" && binding.isUsingGpuDevice()) {
    throw unavailable("this process computes on the GPU already: start another one with CUDA_VISIBLE_DEVICES=-1");
  }
  if (!backend) {
    requireHere(NATIVE_PACKAGES[from]);
    if (!tf.findBackend("tensorflow")) {
      throw unavailable(
        `${installed.name} brought its own copy of @tensorflow/tfjs: install one version of it for both`,
      );
    }
  }
  await activate("tensorflow", name);
  const gpu = name === "tensorflow-gpu";
  return {
    name,
    package: installed.name,
    version: installed.version,
    tensorflow: binding.TF_Version,
    ...(gpu ? {} : { oneDnn: hasOneDnn() }),
    device: gpu ? gpuNames() : cpuName(),
    threads: gpu ? 1 : Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism(),
  };
}

/** Whether oneDNN is on, by trial: without it TensorFlow's CPU kernels refuse a dilated depthwise convolution. */
function hasOneDnn(): boolean {
  return tf.tidy(() => {
    try {
      tf.depthwiseConv2d(tf.zeros<tf.Rank.R4>([1, 4, 4, 1]), tf.zeros<tf.Rank.R4>([3, 3, 1, 1]), 1, "same", "NHWC", 2);
      return true;
    } catch {
      return false;
    }
  });
}

/** Loads the addon alone, before the package: when it fails, no kernel has been registered yet. */
function loadAddon(name: NativeName, dir: string, threads: number | undefined): Binding {
  const addon = addonPath(dir);
  if (!existsSync(addon)) throw unavailable(`its native addon is not built: run \`${SETUP[name]}\``);
  const cut = cutSinceProof(join(dirname(realpathSync(addon)), "../.."));
  if (cut !== undefined) throw unavailable(`its libraries are not whole (${cut}): run \`${SETUP[name]}\``);
  polyfillUtil();
  try {
    const binding = openAddon<Binding>(addon, threads);
    loaded = name;
    return binding;
  } catch (error) {
    throw unavailable(`its native addon does not load (run \`${SETUP[name]}\` again): ${firstLine(error)}`, error);
  }
}

/** Why this process cannot have an NVIDIA GPU, found without loading a library; undefined if it may have one. */
export function whyNoGpu(platform: string = process.platform): string | undefined {
  if (platform === "darwin") return "no NVIDIA GPU here: macOS has no driver for one, use webgpu";
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible === "" || visible?.startsWith("-1")) return `CUDA_VISIBLE_DEVICES=${visible} hides every GPU`;
  if (platform !== "linux" || ["/dev/nvidiactl", "/dev/dxg"].some((device) => existsSync(device))) return undefined;
  return "no NVIDIA GPU here: /dev/nvidiactl is absent";
}

/** The models of the machine's NVIDIA GPUs, from the Linux driver. */
function gpuNames(): string {
  const root = "/proc/driver/nvidia/gpus";
  try {
    const models = readdirSync(root).map(
      (bus) => /^Model:\s*(.+)$/m.exec(readFileSync(join(root, bus, "information"), "utf8"))?.[1] ?? "NVIDIA GPU",
    );
    return [...new Set(models)].join(", ") || "NVIDIA GPU";
  } catch {
    return "NVIDIA GPU";
  }
}
