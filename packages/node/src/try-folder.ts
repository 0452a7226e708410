import { randomFillSync, randomUUID } from "node:crypto";
import { copyFile, type FileHandle, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withDrafts } from "./drafts.ts";
import { writeInPlaceIn } from "./place-file.ts";
import { type ReplaceOptions, replaceFile } from "./replace-file.ts";
import { isSystemError, unwritable, writeFileAtomic } from "./write-file-atomic.ts";

/** What is going to be written into a folder. */
export interface FolderNeeds {
  /** The file that comes first; told where it cannot be written. */
  file: string;
  /** The longest name of all files. */
  longestName: string;
  /** How large the files are. */
  sizes: readonly number[];
  /** How much of it is really written, in bytes; all unless given. The rest is a hole, which finds limits on a file's size, but no full disk. */
  written?: number | undefined;
}

/** Writes in pieces of so many bytes. */
const PIECE = 1 << 20;

/**
 * Tries all that {@link writeFileAtomic} is going to do in a folder: files of those sizes, names of that length, a rename, and a rename over
 * a file that is there. Nothing is left behind. Where the folder refuses renames but can be written, as some network drives, this process (or
 * worker thread) writes its files in place from now on: a failure in the midst of one leaves half of it.
 *
 * @returns why renames are refused, if they are.
 * @throws {FileError} `unwritable`, naming `file`.
 *
 * @example
 * ```ts
 * import { mkdir, readdir } from "node:fs/promises";
 * import { tryFolder } from "@seg/node";
 *
 * await mkdir("checkpoints");
 * const needs = { file: "checkpoints/epoch_1.pth", longestName: "epoch_100.pth", sizes: [50_000_000], written: 1_000_000 };
 * const refused = await tryFolder("checkpoints", needs);
 * console.log(refused ?? "it can be written"); // it can be written
 * console.log(await readdir("checkpoints")); // []
 * ```
 */
export async function tryFolder(
  folder: string,
  { file, longestName, sizes, written = Number.POSITIVE_INFINITY }: FolderNeeds,
  { move }: Pick<ReplaceOptions, "move"> = {},
): Promise<string | undefined> {
  // Random, as some disks compress.
  const piece = randomFillSync(new Uint8Array(PIECE));
  // Hidden, as all drafts.
  const probe = () => join(folder, `.${`${randomUUID()}.tmp`.padStart(longestName.length - 1, "_")}`);
  const probes = sizes.map(probe);
  const [from, to] = [probe(), probe()];
  const all = [from, to, ...probes];
  const tryAll = async () => {
    for (const path of [from, to]) await writeFile(path, "");
    const refused = await whyNotRenamed(from, to, move);
    if (refused) writeInPlaceIn(folder);
    for (const [i, path] of probes.entries()) {
      const size = sizes[i]!;
      await writeFileAtomic(
        path,
        async (handle) => {
          await stretch(handle, size);
          for (let done = 0; done < Math.min(size, written); done += PIECE) {
            await handle.write(piece, 0, Math.min(PIECE, size - done, written - done), done);
          }
        },
        { makeFolder: false, flush: true },
      );
    }
    return refused;
  };
  try {
    return await withDrafts(all, tryAll);
  } catch (error) {
    const cause = isSystemError(error) ? error : (error as Error).cause;
    throw isSystemError(cause) ? unwritable(file, cause) : error;
  } finally {
    for (const path of all) await rm(path, { force: true }).catch(() => {});
  }
}

/** The system's words, if it refuses to rename over a file that it lets one write. */
async function whyNotRenamed(from: string, to: string, move: ReplaceOptions["move"]): Promise<string | undefined> {
  try {
    await replaceFile(from, to, { ...(move && { move }) });
    return undefined;
  } catch (error) {
    await copyFile(from, to);
    return (error as Error).message;
  }
}

/** Makes a file as large as it is going to be; file systems without holes may refuse that, but for its size. */
async function stretch(handle: FileHandle, size: number): Promise<void> {
  await handle.truncate(size).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EFBIG") throw error;
  });
}
