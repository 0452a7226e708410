import { randomUUID } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { replaceFile } from "@seg/node";
import { DataError } from "./errors.ts";

const REASONS: Record<string, string> = {
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EEXIST: "a file stands where a folder must",
  ENOTDIR: "a file stands where a folder must",
  ENOENT: "no folder can be made there",
  EISDIR: "a folder has that name",
};

/**
 * Writes a file beside its place and renames it, so that nobody ever sees half of it and a failure leaves what was there. Folders on
 * the way are made.
 *
 * @throws {DataError} `unwritable`, naming the path and the reason.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await makeFolder(dirname(resolve(path)));
    await writeFile(temporary, bytes);
    await replaceFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(path, error as NodeJS.ErrnoException);
  }
}

/**
 * Makes a folder if need be and proves that files can be written there, before long work is begun.
 *
 * @throws {DataError} `unwritable`, naming the folder and the reason.
 */
export async function ensureWritable(folder: string): Promise<void> {
  const probe = join(folder, `.${randomUUID()}.tmp`);
  try {
    await makeFolder(resolve(folder));
    await writeFile(probe, "");
  } catch (error) {
    throw unwritable(folder, error as NodeJS.ErrnoException);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

/** As `mkdir -p`; Node's own recursive mkdir never returns where the system answers ENOENT for new folders, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const exists = async () => (await stat(folder).catch(() => undefined))?.isDirectory();
  if (await exists()) return;
  if (folder !== dirname(folder)) await makeFolder(dirname(folder));
  // Another process may have made it meanwhile.
  await mkdir(folder).catch(async (error) => {
    if (!(await exists())) throw error;
  });
}

function unwritable(path: string, error: NodeJS.ErrnoException): DataError {
  const why = REASONS[error.code ?? ""] ?? error.message;
  return new DataError(
    "unwritable",
    `Expected to write ${path} but ${why}: choose another result folder or free this one.`,
    {
      cause: error,
    },
  );
}
