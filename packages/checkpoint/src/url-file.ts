import { allocate, BlockFile, ByteArrayFile, type ByteFile } from "./byte-source.ts";
import { CheckpointError } from "./errors.ts";

const BLOCK = 2 ** 18;
/** A round trip takes as long as some megabytes do. */
const FARTHEST = 2 ** 23;
/** What a server that knows no ranges may send: more than any state dict has. */
const MOST = 2 ** 31;

/**
 * Opens what is at an address: by range requests, of which the first tells whether the server knows them; if not, it has sent all.
 *
 * @throws {CheckpointError} `not-found` or `unreadable`.
 */
export async function openUrl(url: URL, signal?: AbortSignal): Promise<ByteFile> {
  const response = await request(url, { range: `bytes=0-${BLOCK - 1}` }, signal);
  if (response.status === 416) return noRange(response);
  const total = response.status === 206 ? totalOf(response, 0) : undefined;
  if (total !== undefined) {
    const first = await bodyOf(response, signal);
    checkLength(first, Math.min(BLOCK, total));
    return new UrlFile(url, { total, first, version: versionOf(response), signal });
  }
  // Another origin may hide how long the file is.
  const whole = response.status === 206 ? await request(url, {}, signal) : response;
  if (whole.status === 416) return noRange(whole);
  const bytes = await bodyOf(whole, signal);
  const length = Number(whole.headers.get("content-length") ?? Number.NaN);
  if (bytes.length < length && !whole.headers.get("content-encoding")) checkLength(bytes, length);
  return new ByteArrayFile(bytes);
}

class UrlFile extends BlockFile {
  readonly size: number;
  readonly #url: URL;
  readonly #first: Uint8Array;
  readonly #version: string | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(
    url: URL,
    known: { total: number; first: Uint8Array; version: string | undefined; signal: AbortSignal | undefined },
  ) {
    super(BLOCK, FARTHEST);
    this.size = known.total;
    this.#url = url;
    this.#first = known.first;
    this.#version = known.version;
    this.#signal = known.signal;
  }

  protected async load(begin: number, end: number): Promise<Uint8Array> {
    if (end <= this.#first.length) return this.#first.subarray(begin, end);
    const response = await request(this.#url, { range: `bytes=${begin}-${end - 1}` }, this.#signal);
    const isSame = versionOf(response) === this.#version && totalOf(response, begin) === this.size;
    if (response.status !== 206 || !isSame) {
      await response.body?.cancel();
      throw unreadable("another file came in the midst of it: try again");
    }
    const bytes = await bodyOf(response, this.#signal);
    checkLength(bytes, end - begin);
    return bytes;
  }
}

/** Of an empty file no server has a range. */
async function noRange({ body, headers }: Response): Promise<ByteFile> {
  await body?.cancel();
  const [, total = "0"] = /^bytes \*\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (Number(total) === 0) return new ByteArrayFile(new Uint8Array(0));
  throw unreadable(`its server refuses the first of ${total} bytes (416): try again later, or another address`);
}

/** A file that is complete on its server may arrive otherwise. */
function checkLength({ length }: Uint8Array, expected: number): void {
  if (length === expected) return;
  const received = `its server sent ${length} bytes where it was to send ${expected}`;
  throw unreadable(`${received}: try again later, or another address`);
}

const unreadable = (what: string, cause?: unknown) => new CheckpointError("unreadable", what, { cause });

/** What tells one version of a file from another. */
const versionOf = ({ headers }: Response): string | undefined =>
  headers.get("etag") ?? headers.get("last-modified") ?? undefined;

/** The length of the whole file, of an answer that begins at `begin`; undefined where it does not tell. */
function totalOf({ headers }: Response, begin: number): number | undefined {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  return start !== undefined && Number(start) === begin ? Number(total) : undefined;
}

async function request(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, { headers, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    const { message, cause } = error as Error;
    throw unreadable(
      `it cannot be had (${(cause as Error | undefined)?.message ?? message}): check the address`,
      error,
    );
  });
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  const said = `${response.status} ${response.statusText}`.trim();
  if (response.status === 404 || response.status === 410) {
    throw new CheckpointError("not-found", `the server has no such file (${said}): check the address`);
  }
  throw unreadable(`the server says ${said}: try again later, or another address`);
}

async function bodyOf(response: Response, signal?: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of response.body ?? []) {
      length += piece.length;
      if (length > MOST) throw unreadable(`its server sends more than ${MOST} bytes at once: fetch the file first`);
      pieces.push(piece);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CheckpointError) throw error;
    throw unreadable(`it broke off (${(error as Error).message}): try again`, error);
  }
  const bytes = allocate(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
