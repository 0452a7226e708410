import { randomUUID } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { withDrafts } from "./drafts.ts";
import { FileError } from "./errors.ts";
import { replaceFile } from "./replace-file.ts";
import { isSystemError, makeFolders, unwritable } from "./write-file-atomic.ts";

/**
 * Writes a folder of files under a temporary name beside it and renames it: it is there whole or not at all, and a failure leaves what was
 * there before. A folder that it replaces is renamed first, so that for an instant there is none.
 *
 * @param path - the folder; the folders on the way are made where they are missing.
 * @param write - writes the files into the folder that it is given.
 * @throws {FileError} `unwritable`, of `path`. Errors of `write` that are not the system's pass through.
 *
 * @example
 * ```ts
 * import { readdir, writeFile } from "node:fs/promises";
 * import { writeFolderAtomic } from "@seg/node";
 *
 * const write = (name: string) => writeFolderAtomic("model", (draft) => writeFile(`${draft}/${name}`, ""));
 * await write("old.json");
 * await write("new.json");
 * console.log(await readdir("model")); // [ 'new.json' ]
 * ```
 */
export async function writeFolderAtomic(path: string, write: (folder: string) => Promise<void>): Promise<void> {
  const target = resolve(path);
  const sibling = () => join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  const [temporary, old] = [sibling(), sibling()];
  try {
    await makeFolders(dirname(target));
    await withDrafts([temporary], async () => {
      await mkdir(temporary);
      await write(temporary);
      await exchange(temporary, target, old);
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    const cause = error instanceof FileError ? error.cause : error;
    throw isSystemError(cause) ? unwritable(path, cause) : error;
  }
  await rm(old, { recursive: true, force: true }).catch(() => {});
}

async function exchange(from: string, to: string, old: string): Promise<void> {
  const replaces = (await stat(to).catch(() => undefined)) !== undefined;
  if (replaces) await replaceFile(to, old);
  try {
    await replaceFile(from, to);
  } catch (error) {
    if (replaces) await replaceFile(old, to);
    throw error;
  }
}
