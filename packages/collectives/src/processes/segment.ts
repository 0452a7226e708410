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
import { hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity, withLimit } from "@seg/node";
import { CollectiveError } from "../errors.ts";
import { oneLine } from "../load-koffi.ts";
import { CHUNK_LENGTH, CREATOR, LINE_LENGTH, MAGIC, SIZE, sharedBytes } from "../shared-memory/layout.ts";

/** Memory on Linux; elsewhere, or where that is full or may not be used, a file, which the system keeps in memory while it is mapped. */
export const FOLDERS: readonly string[] = [...(existsSync("/dev/shm") ? ["/dev/shm"] : []), tmpdir()];
const PREFIX = "seg-collectives-";

/** The first word of every segment; another layout needs another one. */
const MAGIC_NUMBER = 0x5e60001;

/** A file without a valid header is stale once it is this old. */
const STALE_MS = 60_000;

/** The header of a segment. */
interface Header {
  size: number;
  chunkLength: number;
  creator: ProcessIdentity;
}

/** An open shared-memory segment: the file that a group of processes maps. */
export interface Segment extends Header {
  fd: number;
  /** Unlinks the name, if it is still this segment's; processes that have the segment open keep it. */
  unlink(): void;
}

/** Where the segment `name` lies in a folder. */
export const pathIn = (folder: string, name: string) => join(folder, PREFIX + name);

/**
 * Creates the segment `name`, all zeros after its header, and removes stale ones, whose creators have ended.
 *
 * @throws {CollectiveError} `option` if a living process forms a group of that name; `unavailable` if there is no room.
 */
export function createSegment(name: string, size: number, chunkLength: number): Segment {
  removeStaleSegments();
  let refused: unknown;
  for (const folder of FOLDERS) {
    try {
      return createIn(folder, name, size, chunkLength);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") throw takenError(cause, name);
      refused ??= cause;
    }
  }
  throw noRoomError(refused, name, sharedBytes(size, chunkLength));
}

function createIn(folder: string, name: string, size: number, chunkLength: number): Segment {
  const path = pathIn(folder, name);
  // It is linked to its name when it is complete, so that no rank maps an incomplete segment.
  const temporary = uniqueName(path, "new");
  let fd: number | undefined;
  try {
    fd = openSync(temporary, "wx+", 0o600);
    const creator = ownIdentity();
    writeHeader(fd, { size, chunkLength, creator });
    // Written, not just truncated to that length: short memory shows here, not as a SIGBUS later.
    const zeros = new Uint8Array(1 << 20);
    const bytes = sharedBytes(size, chunkLength);
    for (let at = 4 * LINE_LENGTH; at < bytes; ) at += writeSync(fd, zeros, 0, Math.min(zeros.length, bytes - at), at);
    linkSync(temporary, path);
    return { size, chunkLength, creator, fd, unlink: unlinker(path, fd) };
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    throw cause;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Opens the segment `name`; undefined while there is none, or only one whose creator has ended. */
export function openSegment(name: string): Segment | undefined {
  for (const folder of FOLDERS) {
    const segment = openIn(pathIn(folder, name));
    if (segment) return segment;
  }
  return undefined;
}

function openIn(path: string): Segment | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r+");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const line = withLimit(`Expected to open ${path}: ${oneLine(cause)}.`, cause);
    throw new CollectiveError("unavailable", line, { cause, data: { file: path } });
  }
  const header = readHeader(fd);
  const segment = header && { ...header, fd, unlink: unlinker(path, fd) };
  if (segment && !hasEnded(segment.creator)) return segment;
  segment?.unlink();
  closeSync(fd);
  return undefined;
}

const takenError = (cause: unknown, name: string) =>
  new CollectiveError(
    "option",
    {
      expected: "a name for the group",
      but: `"${name}" is being used by another one on this machine`,
      hint: "give each group its own name",
    },
    { cause, data: { option: "name", received: name, group: name } },
  );

const noRoomError = (cause: unknown, name: string, bytes: number) =>
  new CollectiveError(
    "unavailable",
    {
      expected: `${Math.ceil(bytes / 2 ** 20)} MiB for a group of processes in ${FOLDERS.join(" or ")}`,
      but: `there are none (${oneLine(cause)})`,
      hint: "free some there, or set TMPDIR to a folder that has them; a container gets more by --shm-size",
    },
    { cause, data: { group: name, file: pathIn(FOLDERS[0]!, name) } },
  );

function unlinker(path: string, fd: number): () => void {
  const { ino } = fstatSync(fd);
  return () => unlinkFile(path, ino);
}

/** Unlinks a name if it is that of the inode `ino`, which the caller has open: else the system might reuse its number. */
function unlinkFile(path: string, ino: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.ino !== ino) return;
  // After that check the name may have become a new segment's (a race). Renamed, the file cannot change any more, and that one is put back.
  const aside = uniqueName(path, "old");
  try {
    renameSync(path, aside);
    if (statSync(aside).ino !== ino) linkSync(aside, path);
  } catch {
    // Another process unlinked the name, or took it for a group that formed meanwhile.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Another name beside a segment's. */
const uniqueName = (path: string, kind: string) =>
  `${path}.${process.pid}-${Math.floor(performance.now() * 1000)}.${kind}`;

function removeStaleSegments(): void {
  for (const path of FOLDERS.flatMap(segmentsIn)) {
    try {
      const fd = openSync(path, "r");
      try {
        const header = readHeader(fd);
        const { mtimeMs, ino } = fstatSync(fd);
        if (header ? hasEnded(header.creator) : Date.now() - mtimeMs > STALE_MS) unlinkFile(path, ino);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Unlinked already, or another user's.
    }
  }
}

function segmentsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.startsWith(PREFIX))
      .map((file) => join(folder, file));
  } catch {
    return [];
  }
}

function writeHeader(fd: number, { size, chunkLength, creator }: Header): void {
  const header = new Int32Array(LINE_LENGTH);
  header[MAGIC] = MAGIC_NUMBER;
  header[SIZE] = size;
  header[CHUNK_LENGTH] = chunkLength;
  header.set(creator, CREATOR);
  writeSync(fd, header, 0, header.byteLength, 0);
}

function readHeader(fd: number): Header | undefined {
  const header = new Int32Array(LINE_LENGTH);
  if (readSync(fd, header, 0, header.byteLength, 0) < header.byteLength || header[MAGIC] !== MAGIC_NUMBER)
    return undefined;
  const creator = [...header.subarray(CREATOR, CREATOR + IDENTITY_LENGTH)] as unknown as ProcessIdentity;
  return { size: header[SIZE]!, chunkLength: header[CHUNK_LENGTH]!, creator };
}
