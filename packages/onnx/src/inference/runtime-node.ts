import { closeSync, constants, createWriteStream, openSync, readSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { OnnxError } from "../errors.ts";
import { checkModel } from "./check-model.ts";
import { checkVersion, type ModelParts, missingRuntime, type Runtime } from "./runtime.ts";

const NAME = "onnxruntime-node";

/** @throws {OnnxError} `runtime` if it is missing, too old or does not load. */
export async function loadRuntime(): Promise<Runtime> {
  let ort: typeof import("onnxruntime-node");
  // From 1.30 on the library would report to its maker, and leave files where temporary ones go. Whoever wants that sets it to 0.
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  try {
    ort = await import("onnxruntime-node");
    // Under Node's ESM the CommonJS package's exports are those of its default.
    ort = (ort as { default?: typeof ort }).default ?? ort;
  } catch (error) {
    throw missingRuntime(NAME, error);
  }
  // Its complaints come as errors too; it reads this once.
  if (ort.env.logLevel === "warning") ort.env.logLevel = "fatal";
  const version = ort.env.versions.node ?? "0";
  checkVersion(NAME, version);
  return {
    package: NAME,
    version,
    providers: ort.listSupportedBackends().map(({ name }) => name),
    processors: availableParallelism(),
    Tensor: ort.Tensor,
    open: (model, options) => {
      if (typeof model !== "string") {
        checkModel("the model", (position, length) => model.subarray(position, position + length), model.length);
        return ort.InferenceSession.create(model, options);
      }
      checkFile(model);
      return ort.InferenceSession.create(model, options);
    },
  };
}

/** @throws {OnnxError} `model` as `checkModel` does, and for what is no file: the runtime would wait for a pipe's writer. */
function checkFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  // The runtime says that there is none.
  if (!found) return;
  if (!found.isFile()) {
    const received = found.isDirectory() ? "a folder" : found.isFIFO() ? "a pipe" : "a device";
    throw new OnnxError("model", { expected: `${path} to be an ONNX file`, received }, { data: { file: path } });
  }
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    // As it does why it cannot open one.
    return;
  }
  try {
    const buffer = new Uint8Array(4096);
    const read = (position: number, length: number) => buffer.subarray(0, readSync(file, buffer, 0, length, position));
    checkModel(path, read, found.size);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a model to a temporary folder for as long as `use` opens it: the runtime maps the file of constants into memory, which takes
 * half as much of it as handing over an array. Gives undefined where no such folder can be written.
 */
export async function inFiles<Result>(
  { file, location, constants, onWritten }: ModelParts,
  use: (path: string) => Promise<Result>,
): Promise<Result | undefined> {
  let folder: string | undefined;
  const remove = () => folder && rm(folder, { recursive: true, force: true }).catch(() => {});
  try {
    folder = await mkdtemp(join(tmpdir(), "seg-onnx-"));
    await pipeline(Readable.from(constants()), createWriteStream(join(folder, location)));
    await writeFile(join(folder, "model.onnx"), file);
  } catch (error) {
    await remove();
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return undefined;
  }
  try {
    onWritten?.();
    collectGarbage();
    return await use(join(folder, "model.onnx"));
  } finally {
    await remove();
  }
}

/** Frees what was read to write a model before the runtime reads it: V8 does not know yet that memory will be short. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
