import { rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** What Windows answers while another program, a virus scanner as a rule, has one of the two files open. */
const PASSING: readonly unknown[] = ["EPERM", "EACCES", "EBUSY"];

/** How long the last wait is, in milliseconds; each one is twice the one before. */
const LONGEST_WAIT = 1280;

/** The machine, for tests. */
export interface ReplaceOptions {
  platform?: NodeJS.Platform;
  /** Renames once. */
  move?: (from: string, to: string) => Promise<void>;
}

/**
 * Renames a file over another one on the same disk, which everyone else sees whole at every instant, the old one or the new one. Windows
 * refuses that while either is open: there it is tried again for some two seconds.
 *
 * @throws the system's error, of the last try.
 */
export async function replaceFile(
  from: string,
  to: string,
  { platform = process.platform, move = rename }: ReplaceOptions = {},
): Promise<void> {
  for (let wait = 10; ; wait *= 2) {
    try {
      return await move(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (platform !== "win32" || !PASSING.includes(code) || wait > LONGEST_WAIT) throw error;
    }
    await sleep(wait);
  }
}
