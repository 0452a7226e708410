import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile } from "@seg/node";
import { CheckpointError } from "./errors.ts";

/**
 * Writes a file beside its place, flushes it to the disk and renames it, so that at every instant the old file or the whole new
 * one stands at `path`.
 *
 * @param path - The file; its folder must exist.
 * @param write - Writes the contents.
 * @throws {CheckpointError} `unwritable`; errors of `write` that are no system errors pass through. Nothing is left behind.
 */
export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await replaceFile(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof CheckpointError || !code) throw error;
    const wayOut = code === "ENOENT" ? "make its folder first" : "check the folder's permissions and free space";
    throw new CheckpointError("unwritable", `${path}: it cannot be written (${message}): ${wayOut}.`, { cause: error });
  }
}

/** Makes the rename last through a power cut, where the system lets folders be flushed (Windows does not). */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // The file itself is whole either way.
  }
}
