import { shownUrl } from "@seg/errors";
import { WebError } from "./errors.ts";
import type { LoadEvent } from "./options.ts";

/** How a file is fetched. */
export interface FetchOptions {
  signal: AbortSignal;
  /** The most bytes that it may have. */
  most: number;
  onProgress?: ((event: LoadEvent) => void) | undefined;
}

const CACHE = "@seg/web models";
const DIGEST = "x-seg-sha256";
/** What tells that a server's file has changed. */
const MARKS = ["etag", "last-modified"];

/**
 * The bytes of a model's file, from the browser's cache where it holds them whole and the server, if it can be asked, has no others. They are kept
 * with their SHA-256, and fetched anew where they do not have it any more. Without such a cache, as in pages that are no secure context, they are
 * fetched each time.
 *
 * @returns undefined where there is no such file.
 * @throws {WebError} `download`; the signal's reason.
 */
export async function modelBytes(url: string, options: FetchOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const cache = /^https?:/.test(url) && globalThis.crypto?.subtle ? await openCache() : undefined;
  const held = cache && (await readHeld(cache, url, options.signal));
  if (held) return held;
  const response = await get(url, options);
  if (!response) return undefined;
  const bytes = await bodyOf(response, url, options);
  if (cache) await keep(cache, url, response, bytes);
  return bytes;
}

/** What an address gives, without being kept. */
export async function bytesAt(url: string, options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const response = await get(url, options);
  if (response) return bodyOf(response, url, options);
  throw failed(url, "there is nothing", "correct the address", 404);
}

/** Private windows may refuse it. */
const openCache = () => globalThis.caches?.open(CACHE).catch(() => undefined);

async function readHeld(cache: Cache, url: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const held = await cache.match(url).catch(() => undefined);
  if (!held) return undefined;
  if (await isCurrent(url, held, signal)) {
    const bytes = new Uint8Array(await held.arrayBuffer());
    if ((await sha256(bytes)) === held.headers.get(DIGEST)) return bytes;
  }
  await cache.delete(url).catch(() => false);
  return undefined;
}

/** Whether the server's file is still this one; also where nobody answers: a page works without a network. */
async function isCurrent(url: string, held: Response, signal: AbortSignal): Promise<boolean> {
  const now = await fetch(url, { method: "HEAD", signal, cache: "no-cache" }).catch(() => undefined);
  signal.throwIfAborted();
  if (!now?.ok) return true;
  return MARKS.every((mark) => {
    const [before, after] = [held.headers.get(mark), now.headers.get(mark)];
    return before === null || after === null || before === after;
  });
}

async function keep(cache: Cache, url: string, response: Response, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const headers = new Headers({ [DIGEST]: await sha256(bytes), "content-type": "application/octet-stream" });
  for (const mark of MARKS) {
    const value = response.headers.get(mark);
    if (value !== null) headers.set(mark, value);
  }
  // A full disk is no reason not to segment.
  await cache.put(url, new Response(bytes, { headers })).catch(() => {});
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The server's answer; undefined where there is no such file. */
async function get(url: string, { signal }: FetchOptions): Promise<Response | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const hint = "check the network; a server on another site must send Access-Control-Allow-Origin";
    throw failed(url, (error as Error).message, hint, undefined, error);
  }
  if (response.ok) return response;
  if (response.status === 404 || response.status === 410) return undefined;
  throw failed(
    url,
    `the server answers ${response.status} ${response.statusText}`.trim(),
    "try again later",
    response.status,
  );
}

async function bodyOf(
  response: Response,
  url: string,
  { most, signal, onProgress }: FetchOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  // Of a compressed body the header tells another length.
  const length = response.headers.has("content-encoding")
    ? undefined
    : Number(response.headers.get("content-length")) || undefined;
  const tooLarge = () => failed(url, `it is larger than ${most} bytes`, "take a smaller one");
  if (length !== undefined && length > most) throw tooLarge();
  const name = decodeURIComponentSafely(new URL(url).pathname.split("/").at(-1)!);
  const pieces: Uint8Array[] = [];
  let done = 0;
  try {
    const reader = response.body!.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      pieces.push(piece.value);
      done += piece.value.length;
      if (done > most) {
        await reader.cancel();
        throw tooLarge();
      }
      onProgress?.({ kind: "download", done, ...(length !== undefined && { total: length }), name });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof WebError) throw error;
    throw failed(url, `it broke off after ${done} bytes (${(error as Error).message})`, "try again", undefined, error);
  }
  const bytes = new Uint8Array(done);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function failed(url: string, reason: string, hint: string, status?: number, cause?: unknown): WebError {
  const shown = shownUrl(url);
  const data = { url: shown, reason, ...(status !== undefined && { status }) };
  return new WebError("download", { expected: `a file at ${shown}`, but: reason, hint }, { data, cause });
}
