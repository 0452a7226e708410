import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createLock,
  type FoundLock,
  type Holder,
  type LockOwner,
  readLock,
  readLockSync,
  writeDraft,
} from "./lock-file.ts";
import { heldLine, ownHolder, stateOfHolder } from "./lock-holder.ts";
import { replaceFile } from "./replace-file.ts";
import { isSystemError, makeFolders, unwritable } from "./write-file-atomic.ts";

/** Options of {@link withLock}. */
export interface LockOptions {
  /** Ends the waiting, not the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Called if somebody else holds the lock, at once and then each minute while it is waited for, with the holder if the lock file names it, and a line that says who holds what since when,
   * and how to remove it by hand where one may have to. What it throws ends the waiting.
   */
  onWait?: ((owner: LockOwner | undefined, line: string) => void) | undefined;
  /** Milliseconds between two polls; default 200. */
  poll?: number;
  /** Milliseconds between two calls of `onWait`; default 60 000. */
  remind?: number;
}

/**
 * Runs `work` under mutual exclusion by a lock file, between processes of this machine and of others that share its folder.
 *
 * The lock ends with its holder's process, however long that is stopped or blocked, and with nothing else: no clock counts. A process is
 * known by its PID, its start time and the machine's boot id; the lock of one that has ended is taken over by one of the waiters, that of one
 * whose end cannot be seen (on another machine or in another container) is waited for. It is removed when the work or the process ends,
 * unless that is killed.
 *
 * @param path - the lock file; its folders are made where they are missing, and it is removed afterwards.
 * @returns what `work` does.
 * @throws {FileError} `unwritable` if the file cannot be made. The signal's reason and errors of `work` pass through.
 *
 * @example
 * ```ts
 * import { readFile, writeFile } from "node:fs/promises";
 * import { withLock } from "@seg/node";
 *
 * await writeFile("runs.txt", "0");
 * const addOne = () =>
 *   withLock("runs.lock", async () => writeFile("runs.txt", `${Number(await readFile("runs.txt", "utf8")) + 1}`));
 * await Promise.all([addOne(), addOne(), addOne()]);
 * console.log(await readFile("runs.txt", "utf8")); // 3
 * ```
 */
export async function withLock<T>(
  path: string,
  work: () => T | Promise<T>,
  { signal, onWait, poll = 200, remind = 60_000 }: LockOptions = {},
): Promise<T> {
  signal?.throwIfAborted();
  const file = resolve(path);
  const own = ownHolder(randomUUID());
  try {
    await makeFolders(dirname(file));
    for (let next = 0; ; ) {
      const isDue = performance.now() >= next;
      if (await acquire(file, own, isDue ? onWait : undefined)) break;
      if (isDue) next = performance.now() + remind;
      await sleep(poll, undefined, { signal });
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw isSystemError(error) ? notMade(file, error) : error;
  }
  releaseAtExit(file, own.id);
  try {
    await removeClaims(file);
    return await work();
  } finally {
    release(file, own.id);
  }
}

/** The folder is what is at fault: the lock, or its draft of a name of its own, is a new file in it. */
const notMade = (file: string, error: NodeJS.ErrnoException) =>
  unwritable(["EACCES", "EPERM", "EROFS"].includes(error.code ?? "") ? dirname(file) : file, error);

type OnWait = LockOptions["onWait"];

/** Takes the lock if it is free or its holder has ended; tells who holds it if not. */
async function acquire(path: string, own: Holder, onWait: OnWait): Promise<boolean> {
  for (;;) {
    if ((await isFree(path)) && (await createLock(path, own))) return true;
    const holder = (await readLock(path)) ?? (await sleep(WRITING_MS).then(() => readLock(path)));
    if (!holder && (await isFree(path))) continue;
    if ((await stateOfHolder(path, holder)) !== "ended") {
      await tell(onWait, path, holder);
      return false;
    }
    const taken = await takeOver(path, holder!, own, onWait);
    if (taken !== undefined) return taken;
  }
}

const isFree = (path: string) =>
  lstat(path).then(
    () => false,
    () => true,
  );

/** Where lock files cannot be made whole at once, one may just be being written. */
const WRITING_MS = 50;

async function tell(onWait: OnWait, path: string, holder: FoundLock | undefined): Promise<void> {
  if (!onWait) return;
  const { pid, host, since } = holder ?? {};
  const owner = pid === undefined || host === undefined ? undefined : { pid, host, ...(since && { since }) };
  onWait(owner, heldLine(path, owner, await stateOfHolder(path, holder)));
}

/**
 * Puts one's own lock in the place of one whose holder has ended. Of all who want to, one may: it holds a lock of its own, named after the
 * lock that it replaces, whose name never comes again. Where that one's holder has ended too, the same goes for its lock.
 *
 * @returns undefined if the lock is another one by now; false if another one is about to have it.
 */
async function takeOver(path: string, ended: Holder, own: Holder, onWait: OnWait): Promise<boolean | undefined> {
  const ids = [ended.id];
  const claims = [`${path}.${ended.id}`];
  for (let claim = claims[0]!; !(await createLock(claim, own)); claim = claims.at(-1)!) {
    const heir = await readLock(claim);
    if ((await stateOfHolder(claim, heir)) !== "ended") {
      await tell(onWait, claim, heir);
      return false;
    }
    ids.push(heir!.id);
    claims.push(`${path}.${heir!.id}`);
  }
  try {
    const now = await readLock(path);
    if (!now || !ids.includes(now.id)) return undefined;
    const draft = await writeDraft(path, own);
    await replaceFile(draft, path).finally(() => rm(draft, { force: true }));
    return true;
  } finally {
    for (const claim of claims) await rm(claim, { force: true });
  }
}

/**
 * Removes what those left who were killed in the midst of taking a lock over. By its holder alone: a claim is on a lock of another id, which never
 * comes again, and whoever still believes to have it finds this one in its place.
 */
async function removeClaims(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const claim = join(dirname(path), name);
    const heir = await readLock(claim);
    if (heir && (await stateOfHolder(claim, heir)) === "ended") await rm(claim, { force: true }).catch(() => {});
  }
}

/** The locks that this thread holds: their files by their ids. */
const held = new Map<string, string>();
const listeners = new Set<(locks: HeldLocks) => void>();

/** The files of locks by the locks' ids; plain data, so that it crosses threads. */
export type HeldLocks = ReadonlyMap<string, string>;

/**
 * Calls `listener` with the locks that this thread holds whenever they change, for another thread that is to end the process by
 * {@link removeLocks} and a signal.
 *
 * @example
 * ```ts
 * import { basename } from "node:path";
 * import { onHeldLocks, withLock } from "@seg/node";
 *
 * let held: string[] = [];
 * onHeldLocks((locks) => {
 *   held = [...locks.values()].map((file) => basename(file));
 * });
 * await withLock("weights.lock", () => {
 *   console.log(held); // [ 'weights.lock' ]
 * });
 * console.log(held); // []
 * ```
 */
export function onHeldLocks(listener: (locks: HeldLocks) => void): void {
  listeners.add(listener);
}

/**
 * Removes locks for the thread that holds them, whose process ends now.
 *
 * @example
 * ```ts
 * import { existsSync } from "node:fs";
 * import { type HeldLocks, onHeldLocks, removeLocks, withLock } from "@seg/node";
 *
 * let held: HeldLocks = new Map();
 * onHeldLocks((locks) => {
 *   held = new Map(locks);
 * });
 * await withLock("cache.lock", () => {
 *   removeLocks(held);
 *   console.log(existsSync("cache.lock")); // false
 * });
 * ```
 */
export function removeLocks(locks: HeldLocks): void {
  for (const [id, path] of locks) remove(path, id);
}

function releaseAtExit(path: string, id: string): void {
  if (held.size === 0) process.once("exit", releaseAll);
  held.set(id, path);
  for (const listener of listeners) listener(held);
}

function releaseAll(): void {
  for (const [id, path] of held) release(path, id);
}

/** At once, so that it can be done at a process's end. */
function release(path: string, id: string): void {
  held.delete(id);
  if (held.size === 0) process.removeListener("exit", releaseAll);
  remove(path, id);
  for (const listener of listeners) listener(held);
}

function remove(path: string, id: string): void {
  // Somebody may have removed it by hand, and another one may have taken it.
  if (readLockSync(path)?.id === id) rmSync(path, { force: true });
}
