import { lstat, open, readdir, realpath, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ensureWritable, readRegularFile } from "@seg/node";
import { PipelineError } from "../errors.ts";
import type { ExportFormat } from "./options.ts";

/**
 * Proves, before long work, that an export may be written: nothing stands there, or an earlier export of the same format.
 *
 * @param names - of a checkpoint's files, once they are known; a folder that holds others is not replaced.
 * @throws {PipelineError} `option` if something else stands there.
 * @throws {FileError} `unwritable`.
 */
export async function checkTarget(path: string, format: ExportFormat, names?: readonly string[]): Promise<void> {
  await ensureWritable(await existingFolder(dirname(resolve(path))));
  const found = await stat(path).catch(() => undefined);
  const link = found ? undefined : await lstat(path).catch(() => undefined);
  if (!found && !link) return;
  const isOurs =
    found !== undefined &&
    (format === "onnx"
      ? found.isFile() && (await isOnnxOfOurs(path))
      : found.isDirectory() && (await isFolderOfOurs(path, format, names)));
  if (isOurs) return;
  const what = { onnx: "an ONNX file", tfjs: "a graph model's folder" }[format as string] ?? "a checkpoint's folder";
  throw new PipelineError(
    "option",
    {
      expected: `${what} of an earlier export, or nothing, at ${path}`,
      received: link
        ? "a link that leads nowhere"
        : found?.isDirectory()
          ? "a folder with something else"
          : "something else",
      hint: "choose another place, or remove it first",
    },
    { data: { option: "out", file: path } },
  );
}

/** Where a path leads, if a link stands there: what it leads to is replaced, not the link. */
export async function targetOf(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isSymbolicLink() ? realpath(path).catch(() => path) : path;
}

/** Does work that writes to a path; if it fails, the folders that it made on the way go again. */
export async function leavingNothing<T>(path: string, work: () => Promise<T>): Promise<T> {
  const last = await existingFolder(dirname(resolve(path)));
  try {
    return await work();
  } catch (error) {
    for (let folder = dirname(resolve(path)); folder !== last; folder = dirname(folder)) {
      // It may not be there, or hold what others have put into it meanwhile.
      await rmdir(folder).catch(() => {});
    }
    throw error;
  }
}

/** The folder itself, or the nearest one above that is there. */
async function existingFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  return found || folder === dirname(folder) ? folder : existingFolder(dirname(folder));
}

/** The version of the format and the producer stand first. */
async function isOnnxOfOurs(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer[0] === 0x08 && buffer.subarray(0, bytesRead).includes("@seg/onnx");
  } finally {
    await file.close();
  }
}

/** A graph without its weights. */
const LARGEST_GRAPH = 100_000_000;

async function isFolderOfOurs(path: string, format: ExportFormat, names: readonly string[] = []): Promise<boolean> {
  const files = await readdir(path);
  if (files.length === 0) return true;
  if (format !== "tfjs") {
    const pattern = new RegExp(`^((encoder|decoder)_.+\\.${format}|config\\.yaml|classes\\.json)$`);
    return files.every((file) => (names.length > 0 ? names.includes(file) : pattern.test(file)));
  }
  const isGraphModel = files.every((file) => /^(model\.json|group1-shard\d+of\d+\.bin)$/.test(file));
  if (!isGraphModel || !files.includes("model.json")) return false;
  const bytes = await readRegularFile(join(path, "model.json"), { limit: LARGEST_GRAPH });
  return bytes.includes('"generatedBy":"@seg/graph-model"');
}
