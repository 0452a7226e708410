import { createHash, randomUUID } from "node:crypto";
import { link, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openRegularFile, readRegularFileSync } from "./read-file.ts";

/** Who holds a lock. */
export interface LockOwner {
  pid: number;
  host: string;
  /** When it was taken, as its machine's clock had it: `2026-03-01T12:00:00.000Z`. */
  since?: string;
}

/** What a lock file holds. What an older version did not write is missing. */
export interface Holder extends LockOwner {
  started?: number;
  namespace?: number;
  /** That of the machine and of the clock that `started` is counted by. */
  boot?: string;
  clock?: number;
  /** Of the lock file: a copy of it has another. */
  inode?: string;
  /** Tells this lock from every other. */
  id: string;
}

/** A lock file as it was found. */
export interface FoundLock extends Holder {
  /** Its inode is not that of the lock: it was copied. */
  isCopy: boolean;
}

/** Longer files are no locks. */
const LONGEST = 4096;

/** What a link is refused with where there are none. */
const NO_LINKS: readonly unknown[] = ["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "EMLINK"];

/**
 * Creates a lock file, whole at once, unless there is one.
 *
 * @returns whether it did.
 * @throws the system's error.
 */
export async function createLock(path: string, own: Holder): Promise<boolean> {
  const draft = await writeDraft(path, own);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A network drive may answer so though it has made the link, when it is asked again.
    if (code === "EEXIST") return (await readLock(path))?.id === own.id;
    if (!NO_LINKS.includes(code)) throw error;
    return await createInPlace(path, own);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The lock as a file of another name beside it. Flushed: after a power cut no lock is there that says nothing. */
export async function writeDraft(path: string, own: Holder): Promise<string> {
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  await writeNew(draft, own);
  return draft;
}

async function createInPlace(path: string, own: Holder): Promise<boolean> {
  try {
    await writeNew(path, own);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function writeNew(path: string, own: Holder): Promise<void> {
  const file = await open(path, "wx");
  try {
    const { ino } = await file.stat({ bigint: true });
    await file.writeFile(JSON.stringify({ ...own, inode: String(ino) }));
    await file.sync().catch(() => {});
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Undefined if there is no lock, or something that does not say whose it is. */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  try {
    const file = await openRegularFile(path);
    try {
      // Of the file that is read: another one may be there by now.
      const found = await file.stat({ bigint: true });
      if (found.size > LONGEST) return undefined;
      const holder = parse(await file.readFile("utf8"));
      return holder && { ...holder, isCopy: holder.inode !== undefined && holder.inode !== String(found.ino) };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** The same, at once: for the end of a process. */
export function readLockSync(path: string): Holder | undefined {
  try {
    return parse(readRegularFileSync(path, { limit: LONGEST }).toString());
  } catch {
    return undefined;
  }
}

function parse(text: string): Holder | undefined {
  const { pid, host, since, id, ...others } = JSON.parse(text) as Partial<Holder>;
  if (!Number.isInteger(pid) || typeof host !== "string") return undefined;
  // It becomes part of a file's name.
  const own = typeof id === "string" && /^[\w-]{1,64}$/.test(id) ? id : createHash("sha256").update(text).digest("hex");
  return { ...others, pid: pid!, host, ...(typeof since === "string" && { since }), id: own };
}
