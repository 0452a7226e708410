import { lstat, mkdir, realpath, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";

/** Links a folder. On Windows that is a junction, which needs no privileges; the target must be absolute. */
export function linkFolder(target: string, path: string): Promise<void> {
  return symlink(target, path, "junction");
}

/** Makes the program `name` of the Node script `script` appear in `folder`, as npm does for a package's own. */
export async function linkProgram(script: string, folder: string, name: string, platform: string) {
  await mkdir(folder, { recursive: true });
  if (platform !== "win32") return symlink(relative(folder, script), join(folder, name));
  return writeFile(join(folder, `${name}.cmd`), `@"${process.execPath}" "${script}" %*\r\n`);
}

/** Whether `link` is the file `target`, or links to it. */
export async function pointsTo(link: string, target: string): Promise<boolean> {
  const [one, other] = await Promise.all([link, target].map((path) => realpath(path).catch(() => undefined)));
  return one !== undefined && one === other;
}

/**
 * Atomically makes `file` a symbolic link to the file `target`: whoever opens it gets the old file or the new one. On Windows, where files need
 * privileges to be linked and a folder cannot replace another, its folder becomes a junction, and for a moment there is none.
 */
export async function pointTo(file: string, target: string, platform: string): Promise<void> {
  const windows = platform === "win32";
  const path = windows ? dirname(file) : file;
  const beside = (suffix: string) => join(dirname(path), `.${basename(path)}.${suffix}`);
  const link = beside("new");
  await mkdir(dirname(path), { recursive: true });
  await removeTree(link);
  if (!windows) {
    await symlink(target, link);
    return rename(link, path);
  }
  const old = beside("old");
  await linkFolder(dirname(target), link);
  await removeTree(old);
  await rename(path, old).catch(ignoreAbsent);
  await rename(link, path);
  await removeTree(old);
}

/** Removes a folder, or a link to one and not what is in it. */
async function removeTree(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found?.isSymbolicLink()) await unlink(path);
  else if (found) await rm(path, { recursive: true, maxRetries: 5 });
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
