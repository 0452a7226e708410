import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ownIdentity, stateOf } from "./identity.ts";
import { makeFolders } from "./write-file-atomic.ts";

/** How often the holder renews the lock file's modification time, in milliseconds. */
const HEARTBEAT_MS = 5_000;

/** A lock whose holder's liveness cannot be checked is stale once it has not been renewed for so long. */
const STALE_MS = 60_000;

/** Who holds a lock. */
export interface LockOwner {
  pid: number;
  host: string;
}

/** Options of {@link withLock}. */
export interface LockOptions {
  /** Ends the waiting, not the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called once if somebody else holds the lock, with the holder if the lock file names it. What it throws ends the waiting. */
  onWait?: ((owner: LockOwner | undefined) => void) | undefined;
  /** Milliseconds between two polls; default 200. */
  poll?: number;
}

/** What a lock file holds. */
interface Holder extends LockOwner {
  started: number;
  namespace: number;
  /** Tells this lock from every other. */
  id: string;
}

/**
 * Runs `work` under mutual exclusion by a lock file, between processes of this machine and of others that share its folder.
 *
 * A lock whose process has ended is taken over by one of the waiters. A process is identified by its PID and start time; a holder that runs
 * keeps its lock, however long it blocks. Where that cannot be checked (another machine or container, Windows), a lock is stale once it has
 * not been renewed for a minute; a holder renews it every five seconds, while its event loop turns.
 *
 * @param path - the lock file; its folders are made where they are missing, and it is removed afterwards.
 * @throws the system's error if the file cannot be made.
 */
export async function withLock<T>(
  path: string,
  work: () => T | Promise<T>,
  { signal, onWait, poll = 200 }: LockOptions = {},
): Promise<T> {
  signal?.throwIfAborted();
  await makeFolders(dirname(resolve(path)));
  const [pid, started, namespace] = ownIdentity();
  const own: Holder = { pid, host: hostname(), started, namespace, id: randomUUID() };
  for (let notified = false; !(await acquire(path, own)); ) {
    if (await isStale(path)) {
      await removeStale(path);
      continue;
    }
    if (!notified) onWait?.(await readHolder(path));
    notified = true;
    await sleep(poll, undefined, { signal });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    // Not another holder's, who found this lock stale.
    if ((await readHolder(path))?.id === own.id) await rm(path, { force: true });
  }
}

async function acquire(path: string, own: Holder): Promise<boolean> {
  const file = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") return undefined;
    throw error;
  });
  if (!file) return false;
  try {
    await file.writeFile(JSON.stringify(own));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return true;
}

/** Undefined if there is no lock, or one that is just being written or whose holder was killed while writing it. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

async function isStale(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder?.host === hostname()) {
    // A lock file without these two numbers has an unknown start time.
    const { pid, started = 0, namespace = ownIdentity()[2] } = holder;
    const state = stateOf([pid, started, namespace]);
    if (state !== "unknown") return state === "ended";
  }
  return isOld(path);
}

async function isOld(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}

// Several waiters may find the same lock stale. Only the one that creates this folder may remove the lock, after another check, so that a slow
// waiter never removes the new lock of a fast one.
async function removeStale(path: string): Promise<void> {
  const breakLock = `${path}.break`;
  try {
    await mkdir(breakLock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (await isOld(breakLock)) await rm(breakLock, { recursive: true, force: true });
    await sleep(20);
    return;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
  } finally {
    await rm(breakLock, { recursive: true, force: true });
  }
}
