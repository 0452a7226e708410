import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readLock } from "./lock-file.ts";

/**
 * Remembers the folder that a path leads to now, in which this or another process of the same work holds a lock ({@link withLock}).
 *
 * @param lock - the lock file's name in the folder.
 * @returns whether the path still leads there: not where the folder was moved, replaced or deleted, or where somebody else took the lock. A lock
 *   that was merely removed by hand changes nothing, nor do inodes that a network drive numbers anew while the lock is there.
 *
 * @example
 * ```ts
 * import { rename } from "node:fs/promises";
 * import { knowFolder, withLock } from "@seg/node";
 *
 * await withLock("run/train.lock", async () => {
 *   const isStillThere = await knowFolder("run", "train.lock");
 *   console.log(await isStillThere()); // true
 *   await rename("run", "run-of-yesterday");
 *   console.log(await isStillThere()); // false
 * });
 * ```
 */
export async function knowFolder(folder: string, lock: string): Promise<() => Promise<boolean>> {
  const file = join(folder, lock);
  const [before, held] = [await inodeOf(folder), await readLock(file)];
  return async () => {
    const now = await inodeOf(folder);
    if (now === GONE) return false;
    const found = await readLock(file);
    if (found) return found.id === held?.id;
    // A drive that does not answer has not changed.
    return now === undefined || before === undefined || now === before;
  };
}

const GONE = "gone";

async function inodeOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return `${dev} ${ino}`;
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "") ? GONE : undefined;
  }
}
