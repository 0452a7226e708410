import {
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity } from "@seg/node";
import { CollectiveError } from "../errors.ts";
import { oneLine } from "../load-koffi.ts";
import { CHUNK_LENGTH, CREATOR, LINE_LENGTH, MAGIC, SIZE, sharedBytes } from "../shared/layout.ts";

/** Memory on Linux; elsewhere a file, which the system keeps in memory while it is mapped. */
const FOLDER = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const PREFIX = "seg-collectives-";

/** The first number of every segment; another layout needs another one. */
const MAGIC_NUMBER = 0x5e60001;

/** A file without a valid head is a remnant once it is this old. */
const REMNANT_MS = 60_000;

/** What the head of a segment says. */
interface Head {
  size: number;
  chunkLength: number;
  creator: ProcessIdentity;
}

/** An open segment: the file that a group of processes shares. */
export interface Segment extends Head {
  fd: number;
  /** Takes the name away, if it is still this segment's; who has the segment open keeps it. */
  unlink(): void;
}

export const pathOf = (name: string) => join(FOLDER, PREFIX + name);

/**
 * Makes the segment `name`, all zeros behind its head, and takes away what processes that have ended left.
 *
 * @throws {CollectiveError} `option` if a living process forms a group of that name; `unavailable` if there is no room.
 */
export function createSegment(name: string, size: number, chunkLength: number): Segment {
  removeRemnants();
  const path = pathOf(name);
  // It gets its name when it is whole, so that nobody sees half a segment.
  const draft = uniqueName(path, "new");
  let fd: number | undefined;
  try {
    fd = openSync(draft, "wx+", 0o600);
    const creator = ownIdentity();
    writeHead(fd, { size, chunkLength, creator });
    // Written, not just made long: memory that is short shows here, not as a crash later.
    const zeros = new Uint8Array(1 << 20);
    const bytes = sharedBytes(size, chunkLength);
    for (let at = 4 * LINE_LENGTH; at < bytes; ) at += writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - at), at);
    linkSync(draft, path);
    return { size, chunkLength, creator, fd, unlink: unlinker(path, fd) };
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    throw creationError(cause, name, sharedBytes(size, chunkLength));
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Opens the segment `name`; undefined while there is none, or only one whose creator has ended. */
export function openSegment(name: string): Segment | undefined {
  const path = pathOf(name);
  let fd: number;
  try {
    fd = openSync(path, "r+");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CollectiveError("unavailable", `Expected to open ${path}: ${oneLine(cause)}.`, {
      cause,
      data: { file: path },
    });
  }
  const head = readHead(fd);
  const segment = head && { ...head, fd, unlink: unlinker(path, fd) };
  if (segment && !hasEnded(segment.creator)) return segment;
  segment?.unlink();
  closeSync(fd);
  return undefined;
}

function creationError(cause: unknown, name: string, bytes: number): CollectiveError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "EEXIST")
    return new CollectiveError(
      "option",
      {
        expected: "a name for the group",
        but: `"${name}" is being used by another one on this machine`,
        hint: "give each group its own name",
      },
      { cause, data: { option: "name", received: name, group: name } },
    );
  return new CollectiveError(
    "unavailable",
    `Expected ${Math.ceil(bytes / 2 ** 20)} MiB in ${FOLDER}: ${oneLine(cause)}. A smaller chunkLength needs less.`,
    { cause, data: { group: name, file: pathOf(name) } },
  );
}

function unlinker(path: string, fd: number): () => void {
  const { ino } = fstatSync(fd);
  return () => unlinkFile(path, ino);
}

/** Takes a name away if it is that of the file `ino`, which the caller has open: else the system might give its number to another. */
function unlinkFile(path: string, ino: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.ino !== ino) return;
  // After that look the name may have become a new segment's. Moved aside, the file cannot change any more, and that one is put back.
  const aside = uniqueName(path, "old");
  try {
    renameSync(path, aside);
    if (statSync(aside).ino !== ino) linkSync(aside, path);
  } catch {
    // Somebody else took the name away, or took it for a group that formed meanwhile.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Another name beside a segment's. */
const uniqueName = (path: string, kind: string) =>
  `${path}.${process.pid}-${Math.floor(performance.now() * 1000)}.${kind}`;

function removeRemnants(): void {
  for (const file of readdirSync(FOLDER)) {
    if (!file.startsWith(PREFIX)) continue;
    const path = join(FOLDER, file);
    try {
      const fd = openSync(path, "r");
      try {
        const head = readHead(fd);
        const { mtimeMs, ino } = fstatSync(fd);
        if (head ? hasEnded(head.creator) : Date.now() - mtimeMs > REMNANT_MS) unlinkFile(path, ino);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Gone already, or somebody else's.
    }
  }
}

function writeHead(fd: number, { size, chunkLength, creator }: Head): void {
  const head = new Int32Array(LINE_LENGTH);
  head[MAGIC] = MAGIC_NUMBER;
  head[SIZE] = size;
  head[CHUNK_LENGTH] = chunkLength;
  head.set(creator, CREATOR);
  writeSync(fd, head, 0, head.byteLength, 0);
}

function readHead(fd: number): Head | undefined {
  const head = new Int32Array(LINE_LENGTH);
  if (readSync(fd, head, 0, head.byteLength, 0) < head.byteLength || head[MAGIC] !== MAGIC_NUMBER) return undefined;
  const creator = [...head.subarray(CREATOR, CREATOR + IDENTITY_LENGTH)] as unknown as ProcessIdentity;
  return { size: head[SIZE]!, chunkLength: head[CHUNK_LENGTH]!, creator };
}
