import { mkdir, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { replaceFile, withLock } from "@seg/node";
import { PipelineError } from "../errors.ts";

/** How {@link download} works. */
export interface DownloadOptions {
  signal?: AbortSignal | undefined;
  /** Bytes so far, and in all where the server tells. */
  onProgress?: (received: number, total: number | undefined) => void;
  /** Called before each new attempt, with what ended the last one. */
  onRetry?: (reason: string) => void;
  /** Called once if another process is downloading the same file. */
  onWait?: (line: string) => void;
  /** What is wrong with a finished file that begins so; undefined when nothing is. */
  check?: (head: Uint8Array) => string | undefined;
  /** Attempts after the first one; 5 unless given. Those that brought new bytes do not count. */
  retries?: number;
  /** Milliseconds before the first of them, doubled each time; 500 unless given. */
  backoff?: number | undefined;
  /** Milliseconds without a byte after which an attempt is given up; 30 000 unless given. */
  stall?: number;
}

/** An attempt that failed; `status` is the server's where it refused. */
class Failure extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** An attempt that failed in a way that another one may not, `after` some milliseconds. */
class Passing extends Failure {
  constructor(
    message: string,
    status?: number,
    readonly after = 0,
  ) {
    super(message, status);
  }
}

/** What came so far does not belong to the server's file. */
class Stale extends Passing {}

/**
 * Downloads `url` to `path`, which appears only when it is whole. What came before a failure is kept in `path`.part and
 * continued, in this call or a later one, if the server says that the file is still the same. Another process that
 * downloads to the same path is waited for.
 *
 * @throws {PipelineError} `download` when the file could not be had; the reason is its message.
 * @throws the signal's reason when aborted.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { retries = 5, backoff = 500, signal, onRetry, onWait } = options;
  await mkdir(dirname(path), { recursive: true });
  const work = async () => {
    if (await sizeOf(path)) return; // another process was faster
    let most = await sizeOf(`${path}.part`);
    for (let failures = 0; ; ) {
      try {
        return await attempt(url, path, options);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Failure)) throw error;
        const now = await sizeOf(`${path}.part`);
        if (now > most) failures = 0;
        most = Math.max(most, now);
        if (!(error instanceof Passing) || ++failures > retries) {
          const { message, status } = error;
          throw new PipelineError("download", message, { data: { url, file: path, status }, cause: error });
        }
        onRetry?.(error.message);
        // A random share keeps many clients from coming back at the same moment.
        const wait = Math.min(backoff * 2 ** (failures - 1), 10_000) * (0.5 + Math.random() / 2);
        await sleep(Math.max(wait, error.after), undefined, { signal });
      }
    }
  };
  await withLock(`${path}.lock`, work, { signal, onWait: (_, line) => onWait?.(line) });
}

async function attempt(url: string, path: string, options: DownloadOptions): Promise<void> {
  const part = `${path}.part`;
  const mark = `${part}.etag`;
  const watch = new Watch(options.stall ?? 30_000, options.signal);
  try {
    const validator = await readFile(mark, "utf8").catch(() => "");
    const have = validator ? await sizeOf(part) : 0;
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (have > 0) Object.assign(headers, { range: `bytes=${have}-`, "if-range": validator });
    const response = await fetch(url, { headers, signal: watch.signal });
    const { from, total } = placeOf(response, have, validator);
    // The mark is written before the bytes that it is about.
    if (from === 0) {
      await rm(part, { force: true });
      await writeFile(mark, validatorOf(response));
    }
    const file = await open(part, from === 0 ? "w" : "a");
    let received = from;
    try {
      options.onProgress?.(received, total);
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        watch.touch();
        await file.appendFile(chunk);
        received += chunk.byteLength;
        options.onProgress?.(received, total);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (total !== undefined && received < total)
      throw new Passing(`the connection closed after ${received} of ${total} bytes`);
    await checkContent(part, options.check);
    await replaceFile(part, path);
    await rm(mark, { force: true });
  } catch (error) {
    if (error instanceof Stale) await rm(part, { force: true });
    throw passing(error, watch);
  } finally {
    watch.stop();
  }
}

/** Where the body of `response` belongs, and how long the whole file is. */
function placeOf(response: Response, have: number, validator: string): { from: number; total: number | undefined } {
  const { status, statusText, headers } = response;
  if (status === 200 || status === 206) {
    if (/^text\/html\b/i.test(headers.get("content-type") ?? "")) throw new Failure(WEB_PAGE);
  }
  if (status === 200) {
    const length = headers.get("content-length");
    return { from: 0, total: length && !headers.get("content-encoding") ? Number(length) : undefined };
  }
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
    const same = !validator.startsWith('"') || [null, validator].includes(headers.get("etag"));
    if (Number(from) === have && same) return { from: have, total: total === "*" ? undefined : Number(total) };
    throw new Stale("the server sent a part that does not fit what came before");
  }
  const said = `the server answered ${status} ${statusText}`.trim();
  if (status === 416) throw new Stale(said, status);
  if (status === 408 || status === 429 || status >= 500) {
    throw new Passing(said, status, Math.min(Number(headers.get("retry-after")) || 0, 60) * 1000);
  }
  throw new Failure(said, status);
}

// A weak tag does not promise the same bytes.
function validatorOf({ headers }: Response): string {
  const etag = headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : (headers.get("last-modified") ?? "");
}

const WEB_PAGE = "a web page came instead of the file, as from a network that wants you to log in first";

async function checkContent(part: string, check: DownloadOptions["check"]): Promise<void> {
  const file = await open(part);
  const head = new Uint8Array(1024);
  const { bytesRead } = await file.read(head, 0, head.length, 0).finally(() => file.close());
  const begin = new TextDecoder("latin1").decode(head.subarray(0, bytesRead)).trimStart().toLowerCase();
  const wrong =
    bytesRead === 0
      ? "an empty file came"
      : /^<(!doctype html|html|head|body|!--)/.test(begin)
        ? WEB_PAGE
        : check?.(head.subarray(0, bytesRead));
  if (wrong === undefined) return;
  await rm(part, { force: true });
  throw new Failure(wrong);
}

/** The error as a {@link Passing} one if the network is to blame. */
function passing(error: unknown, watch: Watch): unknown {
  if (watch.stalled) return new Passing("no data came for a while");
  if (error instanceof Failure) return error;
  // What fetch throws hides the reason in its cause.
  if (error instanceof TypeError) {
    const cause = error.cause as NodeJS.ErrnoException | undefined;
    return new Passing(cause?.message || cause?.code || error.message);
  }
  return error;
}

/** A signal that aborts when nothing has happened for a while, or when the user's does. */
class Watch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;
  stalled = false;

  constructor(milliseconds: number, users?: AbortSignal) {
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, milliseconds);
    this.signal = users ? AbortSignal.any([users, this.#controller.signal]) : this.#controller.signal;
  }

  touch(): void {
    this.#timer.refresh();
  }

  /** Ends the watch, and the connection if it is still open. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
