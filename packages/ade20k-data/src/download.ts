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

/** An address as errors show it: those that hold all their data are long. */
export function shownUrl(url: string): string {
  return url.length > 200 ? `${url.slice(0, 40)}…` : url;
}

/**
 * The bytes that an `http:`, `https:`, `data:` or `blob:` address gives, redirects followed.
 *
 * @throws {DataError} `download-failed` if the server cannot be reached, answers with an error, takes longer than `timeout` or
 *   sends more than `maxBytes`.
 */
export async function download(
  url: string,
  { timeout = 60_000, maxBytes = 256 * 2 ** 20, signal }: DownloadOptions,
): Promise<Buffer> {
  const deadline = AbortSignal.timeout(timeout);
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
    if (!response.ok) {
      await response.body?.cancel();
      throw failed(url, `the server answered ${response.status} ${response.statusText}`.trimEnd());
    }
    for await (const chunk of response.body ?? []) {
      received += chunk.length;
      if (received > maxBytes) throw failed(url, `it is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DataError) throw error;
    const { cause } = error as { cause?: Error & { code?: string } };
    const why = deadline.aborted
      ? `it was not complete after ${timeout} ms`
      : cause?.message || cause?.code || (error as Error).message;
    throw failed(url, why, error);
  }
  return Buffer.concat(chunks, received);
}

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
