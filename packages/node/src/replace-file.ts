import { rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Windows's transient errors while another program, as a rule a virus scanner, has one of the two files open. */
const TRANSIENT: readonly unknown[] = ["EPERM", "EACCES", "EBUSY"];

/** The last delay of the exponential backoff, in milliseconds. */
const MAX_DELAY = 1280;

/** The machine, for tests. */
export interface ReplaceOptions {
  platform?: NodeJS.Platform;
  /** Renames once. */
  move?: (from: string, to: string) => Promise<void>;
}

/**
 * Atomically renames a file over another one on the same disk: readers see the old file or the new one. Windows refuses that while either is
 * open: there it is retried for some two seconds.
 *
 * @throws the system's error, of the last try.
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from "node:fs/promises";
 * import { replaceFile } from "@seg/node";
 *
 * await writeFile("scores.csv", "old");
 * await writeFile("scores.csv.tmp", "new");
 * await replaceFile("scores.csv.tmp", "scores.csv");
 * console.log(await readFile("scores.csv", "utf8")); // new
 * ```
 */
export async function replaceFile(
  from: string,
  to: string,
  { platform = process.platform, move = rename }: ReplaceOptions = {},
): Promise<void> {
  for (let delay = 10; ; delay *= 2) {
    try {
      return await move(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (platform !== "win32" || !TRANSIENT.includes(code) || delay > MAX_DELAY) throw error;
    }
    await sleep(delay);
  }
}
