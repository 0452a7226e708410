import { availableParallelism } from "node:os";
import { ENGINE_NAMES, type EngineName } from "@seg/backend";
import { type Explanation, refuseUnknownOptions } from "@seg/errors";
import { DataParallelError } from "../errors.ts";

/** The device of one replica. */
export interface Device {
  /** Default `auto`: the first that starts of native GPU, native CPU and WebAssembly. */
  engine?: EngineName | "auto";
  /**
   * The number of an NVIDIA GPU, counted from 0 among those that this process sees. Such a replica is a process, because the native
   * engine cannot choose among GPUs within one.
   */
  gpu?: number;
  /** Threads of the native CPU engine; default: `TF_NUM_INTRAOP_THREADS`, or the processors divided by the replicas. */
  threads?: number;
}

/** Whether replicas are worker threads of this process, or processes of their own. */
export type Launcher = "threads" | "processes";

/** A device with its defaults filled in. */
export interface ChosenDevice extends Device {
  engine: EngineName | "auto";
  threads: number;
}

/**
 * Fills in the defaults of devices and launcher.
 *
 * Replicas on TensorFlow's native engine become processes: threads of one process would share its pool of threads, whose size
 * the first of them sets, and a table in its Node binding that is not thread-safe, so that one replica can crash them all.
 *
 * @throws {DataParallelError} `option`
 */
export function chooseDevices(
  devices: readonly Device[],
  launcher?: Launcher,
  platform: NodeJS.Platform = process.platform,
): { devices: ChosenDevice[]; launcher: Launcher } {
  if (!Array.isArray(devices) || devices.length === 0)
    throw optionError("devices", devices, {
      expected: "devices to name one device for each replica",
      received: JSON.stringify(devices),
    });
  const share =
    Number(process.env.TF_NUM_INTRAOP_THREADS) || Math.max(1, Math.floor(availableParallelism() / devices.length));
  const chosen = devices.map((device, rank): ChosenDevice => {
    const where = `devices[${rank}]`;
    if (typeof device !== "object" || device === null) {
      throw optionError(where, device, {
        expected: `${where} to be an object such as { engine: "wasm" }`,
      });
    }
    refuseUnknownOptions(device, ["engine", "gpu", "threads"], where, (line, data) => {
      return new DataParallelError("option", line, { data: { ...data, option: `${where}.${data.option}` } });
    });
    const { gpu, engine = gpu === undefined ? "auto" : "tensorflow-gpu", threads = share } = device;
    if (engine !== "auto" && !ENGINE_NAMES.includes(engine))
      throw optionError(`${where}.engine`, engine, {
        expected: `${where}.engine to be auto, ${ENGINE_NAMES.join(", ")}`,
      });
    if (!Number.isInteger(threads) || threads < 1)
      throw optionError(`${where}.threads`, threads, { expected: `${where}.threads to be a positive whole number` });
    if (gpu !== undefined && !(Number.isInteger(gpu) && gpu >= 0))
      throw optionError(`${where}.gpu`, gpu, { expected: `${where}.gpu to be the number of a GPU, from 0,` });
    return { ...device, engine, threads };
  });
  const needsProcess = ({ engine, gpu }: ChosenDevice) =>
    gpu !== undefined || engine === "tensorflow-gpu" || (isNative(engine) && devices.length > 1);
  if (launcher === "threads" && chosen.some(({ gpu }) => gpu !== undefined))
    throw optionError("launcher", launcher, {
      expected: "replicas on numbered GPUs to be processes",
      received: "launcher threads",
      hint: "leave it out",
    });
  if (launcher !== undefined && launcher !== "threads" && launcher !== "processes")
    throw optionError("launcher", launcher, { expected: "launcher to be threads or processes" });
  const where = launcher ?? (chosen.some(needsProcess) ? "processes" : "threads");
  if (where === "processes" && chosen.length > 1 && platform === "win32")
    throw optionError("devices", chosen.length, {
      expected: "one replica on Windows, where processes have no group,",
      hint: "name the engine wasm, whose replicas are threads, or use WSL, which is Linux",
    });
  return { devices: chosen, launcher: where };
}

/** Whether TensorFlow's C library may compute there. */
export const isNative = (engine: EngineName | "auto") => engine === "auto" || engine.startsWith("tensorflow");

/**
 * The environment of a replica's process: TensorFlow and CUDA read theirs once, when they are loaded.
 *
 * @throws {DataParallelError} `option` if this process does not see that GPU.
 */
export function environmentOf({ gpu, threads }: ChosenDevice, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own = { ...env, TF_NUM_INTRAOP_THREADS: String(threads) };
  if (gpu === undefined) return own;
  const visible = env.CUDA_VISIBLE_DEVICES?.split(",").map((name) => name.trim());
  if (visible && !visible[gpu])
    throw optionError("gpu", gpu, {
      expected: "a GPU that this process sees",
      hint: `CUDA_VISIBLE_DEVICES=${env.CUDA_VISIBLE_DEVICES} leaves ${visible.filter(Boolean).length}`,
    });
  return { ...own, CUDA_VISIBLE_DEVICES: visible?.[gpu] ?? String(gpu) };
}

const optionError = (option: string, received: unknown, explanation: Explanation) =>
  new DataParallelError("option", { received: String(received), ...explanation }, { data: { option, received } });
