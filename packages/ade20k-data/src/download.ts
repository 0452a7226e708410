import { shownUrl } from "@seg/errors";
import { HttpError, httpGet } from "@seg/node";
import { DataError } from "./errors.ts";

/** How far a download may go. */
export interface DownloadOptions {
  /** Milliseconds until the whole download must be done; default 60 000. */
  timeout?: number;
  /** The most bytes that are accepted; default 256 MiB. */
  maxBytes?: number;
  /** Stops the download. */
  signal?: AbortSignal;
}

export const DOWNLOAD_OPTIONS = ["timeout", "maxBytes", "signal"] satisfies (keyof DownloadOptions)[];

/** Whether a source is an address that is fetched, on the web or within the address itself, rather than a file's path. */
export function isUrl(source: string): boolean {
  return /^(https?:\/\/|data:|blob:)/i.test(source);
}

/**
 * The bytes that an `http:`, `https:`, `data:` or `blob:` address gives, redirects followed as `httpGet` of `@seg/node` does.
 *
 * @throws {DataError} `download-failed` if the server cannot be reached, answers with an error, takes longer than `timeout` or
 *   sends more than `maxBytes`.
 */
export async function download(
  url: string,
  { timeout = 60_000, maxBytes = 256 * 2 ** 20, signal }: DownloadOptions,
): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(timeout);
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    const pieces = /^https?:/i.test(url) ? piecesOf(url, maxBytes, either) : embedded(url, either);
    for await (const chunk of pieces) {
      received += chunk.length;
      if (received > maxBytes) throw tooLarge(url, maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DataError) throw error;
    const { message, cause } = error as Error & { cause?: Error };
    // What fetch throws hides the reason in its cause.
    const words = error instanceof HttpError ? message : cause?.message || message;
    const why = deadline.aborted ? `it was not complete after ${timeout} ms` : words;
    throw failed(url, why, error);
  }
  return Buffer.concat(chunks, received);
}

async function* piecesOf(url: string, maxBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const answer = await httpGet(url, { signal });
  const { status, statusText, headers, body } = answer;
  const encoding = headers["content-encoding"] ?? "identity";
  try {
    if (status !== 200) throw failed(url, `the server answered ${status} ${statusText}`.trimEnd());
    if (encoding !== "identity")
      throw new HttpError(`the server sent it encoded (${encoding}), which was not asked for`);
    if (Number(headers["content-length"]) > maxBytes) throw tooLarge(url, maxBytes);
    yield* body;
  } finally {
    answer.close();
  }
}

/** What a `data:` or `blob:` address holds. */
async function* embedded(url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { body } = await fetch(url, { signal });
  for await (const chunk of body ?? []) yield chunk as Uint8Array;
}

const tooLarge = (url: string, maxBytes: number) => failed(url, `it is larger than ${maxBytes} bytes`);

function failed(url: string, why: string, cause?: unknown): DataError {
  return new DataError(
    "download-failed",
    {
      expected: `an image at ${shownUrl(url)}`,
      but: why,
      hint: "check the address, or download the file and name its path",
    },
    { cause, data: { url: shownUrl(url), reason: why } },
  );
}
