/** Patches of TF.js's WebGPU backend: uncaptured device errors, whose results are zeros, are thrown, and what Node lacks is refused. */
import { isOutOfMemory } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import { BackendError, firstLine } from "./errors.ts";

/** The parts of TF.js's backend that are patched. */
interface WebgpuBackend {
  device: {
    limits: { maxStorageBuffersPerShaderStage: number };
    addEventListener(type: "uncapturederror", listener: (event: UncapturedError) => void): void;
  };
  hasReadSyncWarned: boolean;
  read(id: tf.DataId): Promise<tf.BackendValues>;
  readSync(id: tf.DataId): tf.BackendValues;
  disposeData(id: tf.DataId): boolean;
}

type UncapturedError = Event & { error: Error };

const patched = new WeakSet<WebgpuBackend>();

/** Patches TF.js's current backend, which is the WebGPU one, once. */
export function patchWebgpu(): void {
  const backend = tf.backend() as unknown as WebgpuBackend;
  if (patched.has(backend)) return;
  patched.add(backend);
  throwUncapturedErrors(backend);
  refuseSynchronousReads(backend);
  splitAddN(backend);
}

/** A device reports errors by its `uncapturederror` event, and goes on: here the next read of a tensor throws them. */
function throwUncapturedErrors(backend: WebgpuBackend): void {
  const { read } = backend;
  let failure: BackendError | undefined;
  backend.device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    // The errors that follow are consequences of the first one.
    failure ??= explained(event.error);
  });
  backend.read = async (id) => {
    const values = await read.call(backend, id);
    if (!failure) return values;
    const thrown = failure;
    failure = undefined;
    throw thrown;
  };
}

function explained(error: Error): BackendError {
  const memory =
    error.constructor.name === "GPUOutOfMemoryError" ||
    isOutOfMemory(error.message) ||
    /buffer size|binding size/i.test(error.message);
  const reason = firstLine(error).replace(/\.$/, "");
  const data = { engine: "webgpu", reason };
  return memory
    ? new BackendError(
        "out-of-memory",
        `Engine webgpu ran out of memory (${reason}): use smaller images, fewer at a time, or an engine with more memory.`,
        { cause: error, data },
      )
    : new BackendError(
        "engine-failed",
        `Engine webgpu failed (${reason}): use another engine, and tell the project of it.`,
        { cause: error, data },
      );
}

/** TF.js's synchronous read-back needs an OffscreenCanvas, which Node lacks. */
function refuseSynchronousReads(backend: WebgpuBackend): void {
  if ("OffscreenCanvas" in globalThis) return;
  const { readSync } = backend;
  backend.hasReadSyncWarned = true;
  backend.readSync = (id) => {
    try {
      return readSync.call(backend, id);
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      throw new BackendError(
        "engine-failed",
        "Engine webgpu cannot be read at once in Node: await data() in place of dataSync(), or use another engine.",
        { cause: error, data: { engine: "webgpu", operation: "dataSync" } },
      );
    }
  };
}

/** TF.js's AddN binds all its inputs at once; here at most as many as the device's limit of storage buffers allows. */
function splitAddN(backend: WebgpuBackend): void {
  const { kernelFunc, ...config } = tf.getKernel(tf.AddN, "webgpu");
  const most = backend.device.limits.maxStorageBuffersPerShaderStage - 1;
  tf.unregisterKernel(tf.AddN, "webgpu");
  tf.registerKernel({
    ...config,
    kernelFunc: ({ inputs, ...rest }) => {
      const sumOf = (terms: tf.TensorInfo[]) =>
        kernelFunc({ inputs: terms as unknown as tf.NamedTensorInfoMap, ...rest }) as tf.TensorInfo;
      const [first, ...others] = inputs as unknown as tf.TensorInfo[];
      let sum = sumOf([first!, ...others.splice(0, most - 1)]);
      while (others.length > 0) {
        const part = sum;
        sum = sumOf([part, ...others.splice(0, most - 1)]);
        backend.disposeData(part.dataId);
      }
      return sum;
    },
  });
}
