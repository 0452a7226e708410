import { open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import {
  FileError,
  HttpError,
  httpGet,
  isSystemError,
  openRegularFile,
  readRegularFile,
  replaceFile,
  unwritable,
  writeFileAtomic,
} from "@seg/node";
import { diskFull, freeSpace, requireSpace } from "../disk-space.ts";
import { placeOf, validatorOf, WEB_PAGE } from "./answer.ts";
import { Failure, Passing, Stale } from "./failure.ts";
import { Pace } from "./pace.ts";

/** What an attempt needs to know. */
export interface AttemptOptions {
  signal?: AbortSignal | undefined;
  /** Bytes so far, and in all where the server tells. */
  onProgress?: ((received: number, total: number | undefined) => void) | undefined;
  /** What is wrong with a file that has come; undefined when nothing is. */
  verify: (file: string) => Promise<string | undefined>;
  /** The most bytes. */
  maxBytes: number;
  /** Milliseconds in which so many bytes must come that it is no standstill. */
  stall: number;
  /** What to do where the disk is too small. */
  wayOut: string;
}

/** The file that grows while `path` is downloaded. */
export const partOf = (path: string): string => `${path}.part`;

/** More than an ETag or a date. */
const LONGEST_MARK = 65_536;

/** Holds what the server called the file of which {@link partOf} is the beginning. */
const markOf = (path: string) => `${path}.part.etag`;

/**
 * Asks once for `url`, from where an earlier attempt ended, and puts what came to `path` if it is whole and right.
 *
 * @throws {Failure} otherwise; what came is kept if it can be continued.
 * @throws {PipelineError} `failed` if the disk is too small; {FileError} `unwritable`; the signal's reason.
 */
export async function attempt(url: string, path: string, options: AttemptOptions): Promise<void> {
  const pace = new Pace(options.stall, options.signal);
  try {
    await receive(url, path, options, pace);
  } catch (error) {
    // What has no name on the server cannot be continued.
    const isNamed = (await sizeOf(markOf(path))) > 0;
    if (error instanceof Stale || !isNamed) await discard(path);
    options.signal?.throwIfAborted();
    if (pace.stalled !== undefined) {
      // Nobody who answers is as good as nobody there.
      throw new Passing(pace.stalled, undefined, 0, { cause: pace.hasAnswer ? error : NO_ANSWER });
    }
    if (error instanceof HttpError) {
      const { message, lasting } = error;
      throw lasting
        ? new Failure(message, undefined, { cause: error })
        : new Passing(message, undefined, 0, { cause: error });
    }
    if (isSystemError(error)) throw unwritable(path, error);
    throw error;
  } finally {
    pace.stop();
  }
}

const NO_ANSWER = new HttpError("no answer", { unserved: true });

async function receive(url: string, path: string, options: AttemptOptions, pace: Pace): Promise<void> {
  const { onProgress, maxBytes, wayOut } = options;
  const [part, mark] = [partOf(path), markOf(path)];
  const validator = await readRegularFile(mark, { limit: LONGEST_MARK }).then(String, () => "");
  const have = validator ? await sizeOf(part) : 0;
  const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-`, "if-range": validator } : {};
  const answer = await httpGet(url, { headers, signal: pace.signal });
  pace.answered();
  const { from, to, total } = placeOf(answer, have, validator);
  if ((total ?? to ?? 0) > maxBytes) throw await tooLarge(path, maxBytes);
  // The mark is written before the bytes that it is about.
  if (from === 0) {
    await rm(part, { force: true });
    await writeFileAtomic(mark, validatorOf(answer));
  }
  const end = total ?? to;
  if (end !== undefined) await requireSpace(dirname(path), end - from, wayOut);
  let received = from;
  const file = await open(part, from === 0 ? "w" : "a");
  try {
    onProgress?.(received, total);
    for await (const piece of answer.body) {
      pace.count(piece.length);
      if (received + piece.length > maxBytes) throw await tooLarge(path, maxBytes);
      await file.appendFile(piece);
      received += piece.length;
      onProgress?.(received, total);
    }
    await file.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
      const needed = end === undefined ? undefined : end - received;
      throw diskFull(dirname(path), { needed, free: await freeSpace(dirname(path)), wayOut, cause: error });
    }
    const so = total === undefined ? `${received} bytes` : `${received} of ${total} bytes`;
    if (error instanceof HttpError) throw new Passing(`the connection closed after ${so}`);
    throw error;
  } finally {
    await file.close();
  }
  // What follows takes its time without a byte from anyone.
  pace.stop();
  if (received < (total ?? to ?? 0))
    throw new Passing(`the connection closed after ${received} of ${total ?? to} bytes`);
  const wrong = (await whatIsNoFile(part)) ?? (await options.verify(part));
  if (wrong !== undefined) {
    // Where it was put together of several answers, one of them may have been another file's.
    if (from > 0) throw new Stale(wrong);
    await discard(path);
    throw new Failure(wrong);
  }
  await replaceFile(part, path);
  await rm(mark, { force: true });
}

async function tooLarge(path: string, maxBytes: number): Promise<Failure> {
  await discard(path);
  return new Failure(
    `it is larger than ${Math.round(maxBytes / 1e6)} MB, the limit that SEG_DOWNLOAD_LIMIT_MB may raise`,
  );
}

async function whatIsNoFile(part: string): Promise<string | undefined> {
  const file = await openRegularFile(part);
  const head = new Uint8Array(1024);
  const { bytesRead } = await file.read(head, 0, head.length, 0).finally(() => file.close());
  const begin = new TextDecoder("latin1").decode(head.subarray(0, bytesRead)).trimStart().toLowerCase();
  if (bytesRead === 0) return "an empty file came";
  return /^<(!doctype html|html|head|body|!--)/.test(begin) ? WEB_PAGE : undefined;
}

/**
 * Makes sure that `path` and what belongs to its download may be written: pipes, sockets and devices of these names are removed, as nothing of a
 * download's could be lost with them.
 *
 * @throws {FileError} `unwritable` if one is a folder, in which anything may lie.
 */
export async function clearPlace(path: string): Promise<void> {
  for (const file of [path, partOf(path), markOf(path)]) {
    const found = await stat(file).catch(() => undefined);
    if (!found || found.isFile()) continue;
    if (!found.isDirectory()) await rm(file, { force: true });
    else {
      const line = { expected: `to write ${file}`, but: "a folder has that name", hint: "move it away" };
      throw new FileError("unwritable", line, { data: { file, systemCode: "EISDIR" } });
    }
  }
}

async function discard(path: string): Promise<void> {
  await Promise.all([partOf(path), markOf(path)].map((file) => rm(file, { force: true })));
}

/** A regular file's bytes; 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0,
  );
}
