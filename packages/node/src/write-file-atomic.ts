import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { withDrafts } from "./drafts.ts";
import { FileError } from "./errors.ts";
import { placeFile } from "./place-file.ts";

/** Options of {@link writeFileAtomic}. */
export interface WriteOptions {
  /** Make the file's folders where they are missing; default true. Without it, a missing folder is an error. */
  makeFolder?: boolean;
  /** Flush the file and its folder to the disk (`fsync`), so that a power cut leaves the old file or the new one as well; default false. */
  flush?: boolean;
}

/**
 * Writes a file atomically, under a temporary name in the same folder and renamed: readers see the old file or the whole new one, and a
 * failure leaves the old one. Where {@link tryFolder} found that renames are refused, it is copied into its place instead.
 *
 * @param contents - the bytes or text, or what writes them piece by piece.
 * @throws {FileError} `unwritable`. Errors of `contents` that are not the system's pass through.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { writeFileAtomic } from "@seg/node";
 *
 * await writeFileAtomic("note.txt", "whole or not at all");
 * console.log(await readFile("note.txt", "utf8")); // whole or not at all
 * ```
 */
export async function writeFileAtomic(
  path: string,
  contents: Uint8Array | string | ((file: FileHandle) => Promise<void>),
  { makeFolder = true, flush = false }: WriteOptions = {},
): Promise<void> {
  const folder = dirname(resolve(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  await withDrafts([temporary], async () => {
    try {
      if (makeFolder) await makeFolders(folder);
      const file = await open(temporary, "wx");
      try {
        if (typeof contents === "function") await contents(file);
        else await file.writeFile(contents);
        if (flush) await flushFile(file);
      } finally {
        await file.close();
      }
      await placeFile(temporary, path, folder);
      if (flush) await syncFolder(folder);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw isSystemError(error) ? unwritable(path, error, { makeFolder }) : error;
    }
  });
}

/** A disk that has room for names alone is full. */
const PROBE = new Uint8Array(4096);

/**
 * Makes a folder where it is missing and proves that files can be written there, before long work is begun.
 *
 * @param wayOut - what the error's line says that helps, beside the folder's permissions and space: `choose another one`.
 * @returns removes what it made of folders and nobody has filled, for the work's end.
 * @throws {FileError} `unwritable`; the folders that it made are gone then.
 *
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 * import { ensureWritable } from "@seg/node";
 *
 * const removeEmpty = await ensureWritable("results/today");
 * console.log(existsSync("results/today")); // true
 * // The work failed before it wrote anything.
 * await removeEmpty();
 * console.log(existsSync("results")); // false
 * ```
 */
export async function ensureWritable(folder: string, wayOut?: string): Promise<() => Promise<void>> {
  const probe = join(folder, `.${randomUUID()}.tmp`);
  const made: string[] = [];
  const removeEmpty = async () => {
    for (const path of made.toReversed()) await rmdir(path).catch(() => {});
  };
  try {
    await makeFolders(resolve(folder), made);
    await withDrafts([probe], async () => {
      await writeFile(probe, PROBE);
      await rm(probe, { force: true });
    });
    return removeEmpty;
  } catch (error) {
    await rm(probe, { force: true }).catch(() => {});
    await removeEmpty();
    throw unwritable(folder, error as NodeJS.ErrnoException, { wayOut });
  }
}

/**
 * As `mkdir -p`; Node's own recursive mkdir never returns where the system answers ENOENT for new folders, as in /proc.
 *
 * @param made - gets the folders that it made, the outermost first.
 * @throws the system's error.
 *
 * @example
 * ```ts
 * import { makeFolders } from "@seg/node";
 *
 * const made: string[] = [];
 * await makeFolders("runs/first", made);
 * await makeFolders("runs/second", made);
 * console.log(made); // [ 'runs', 'runs/first', 'runs/second' ]
 * ```
 */
export async function makeFolders(folder: string, made: string[] = []): Promise<void> {
  const exists = async () => (await stat(folder).catch(() => undefined))?.isDirectory();
  if (await exists()) return;
  if (folder !== dirname(folder)) await makeFolders(dirname(folder), made);
  try {
    await mkdir(folder);
    made.push(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!(await exists())) throw error;
  }
}

/** Some network drives cannot flush: what they do instead is their own business. */
async function flushFile(file: FileHandle): Promise<void> {
  await file.sync().catch((error: NodeJS.ErrnoException) => {
    if (!["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(error.code ?? "")) throw error;
  });
}

/** Makes the rename durable, where the system lets folders be flushed (Windows does not). */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // The file itself is whole either way.
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
  EEXIST: "a file stands where a folder must",
  ENOTDIR: "a file stands where a folder must",
  ENOENT: "no folder can be made there",
  EISDIR: "a folder has that name",
  ELOOP: "links lead in a circle there",
  ENAMETOOLONG: "the name is too long there",
  EFBIG: "files may not become so large there",
  EDQUOT: "the quota is used up",
};

/**
 * Whether the system refused something: an error with a `syscall` and a `code`, such as `ENOENT`.
 *
 * @example
 * ```ts
 * import { readdir } from "node:fs/promises";
 * import { isSystemError } from "@seg/node";
 *
 * const error = await readdir("no-such-folder").catch((thrown: unknown) => thrown);
 * console.log(isSystemError(error) && error.code); // ENOENT
 * console.log(isSystemError(new Error("Expected 3 but received 4."))); // false
 * ```
 */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "code" in error;

/**
 * The system's refusal, told of the file or folder that was to be written.
 *
 * @param path - the file or folder.
 * @param cause - the refusal.
 * @param options - `makeFolder`: whether its folders were to be made, default true; `wayOut`: what helps beside permissions and space.
 * @returns `unwritable`, to be thrown.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { isSystemError, unwritable } from "@seg/node";
 *
 * const error = await writeFile("no-such-folder/scores.csv", "").catch((thrown: unknown) => thrown);
 * if (!isSystemError(error)) throw error;
 * const { code, data } = unwritable("no-such-folder/scores.csv", error, { makeFolder: false });
 * console.log(code, data.systemCode, data.file); // unwritable ENOENT no-such-folder/scores.csv
 * ```
 */
export function unwritable(
  path: string,
  cause: NodeJS.ErrnoException,
  { makeFolder = true, wayOut = "choose another one" }: { makeFolder?: boolean; wayOut?: string | undefined } = {},
): FileError {
  const { code = "", message } = cause;
  const noFolder = code === "ENOENT" && !makeFolder;
  const explanation = {
    expected: `to write ${path}`,
    but: noFolder ? "its folder does not exist" : (REASONS[code] ?? message),
    hint: noFolder ? "make it first" : `check the folder's permissions and free space, or ${wayOut}`,
  };
  return new FileError("unwritable", explanation, { cause, data: { file: path, systemCode: code } });
}
