import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const BEAT = 5_000;
const DEAD_AFTER = 60_000;

/** How {@link withLock} waits. */
export interface LockOptions {
  signal?: AbortSignal;
  /** Called once if another process holds the lock. */
  onWait?: () => void;
  /** Milliseconds between two looks. */
  poll?: number;
}

/**
 * Runs `work` while no other process that uses the same lock file does. A lock whose process has died is taken over.
 *
 * @param path - the lock file; removed afterwards.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { signal, onWait, poll = 200 } = options;
  let told = false;
  while (!(await take(path))) {
    if (await isDead(path)) {
      await breakLock(path);
      continue;
    }
    if (!told) onWait?.();
    told = true;
    await sleep(poll, undefined, { signal });
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, BEAT);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isDead(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > DEAD_AFTER) return true;
    const { pid, host } = JSON.parse(await readFile(path, "utf8")) as { pid: number; host: string };
    if (host !== hostname()) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // Gone meanwhile, or not yet written: not dead, look again. No such process: dead.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

// Two processes may find the same lock dead. Only the one that gets the folder may remove it, after another look, so that
// the slower one never removes the faster one's new lock.
async function breakLock(path: string): Promise<void> {
  const right = `${path}.break`;
  try {
    await mkdir(right);
  } catch {
    const { mtimeMs } = await stat(right).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > DEAD_AFTER) await rm(right, { recursive: true, force: true });
    await sleep(20);
    return;
  }
  try {
    if (await isDead(path)) await rm(path, { force: true });
  } finally {
    await rm(right, { recursive: true, force: true });
  }
}
