import { shownUrl } from "@seg/errors";
import { HttpError, httpGet } from "@seg/node";
import type { Arrival } from "./arrivals.ts";
import { Problem } from "./problem.ts";
import { isPublicAddress } from "./public-address.ts";

/** Seconds that a photo's server has. */
const SECONDS = 15;

interface FetchOptions {
  /** `public`: from public addresses only, which names and redirects are followed to; `any`: from wherever this machine reaches. */
  urls: "public" | "any";
  maxBytes: number;
  signal: AbortSignal;
  /** Its place among the photos on their way. */
  arrival: Arrival;
}

/**
 * Fetches a photo for a client.
 *
 * @throws {Problem} `not-a-photo` if there is nothing to be had, `too-large`, or `too-slow` where its place was needed.
 */
export async function fetchPhoto(url: string, { urls, maxBytes, signal, arrival }: FetchOptions): Promise<Uint8Array> {
  const late = AbortSignal.timeout(SECONDS * 1000);
  try {
    const answer = await httpGet(url, {
      signal: AbortSignal.any([signal, late, arrival.signal]),
      ...(urls === "public" && { allows: isPublicAddress }),
    });
    try {
      if (answer.status !== 200) throw new HttpError(`the server answered ${answer.status}`);
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of answer.body) {
        size += piece.length;
        arrival.came(piece.length);
        if (size > maxBytes)
          throw new Problem("too-large", `The photo at the address has more than ${maxBytes} bytes.`);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    } finally {
      answer.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    arrival.signal.throwIfAborted();
    if (error instanceof Problem) throw error;
    const why = late.aborted ? `it was not there after ${SECONDS} seconds` : reasonOf(error);
    throw new Problem("not-a-photo", `Expected a photo at ${shownUrl(url)} but ${why}.`);
  }
}

/** Nothing of the network that the server stands in: neither addresses nor which ports are open. */
function reasonOf(error: unknown): string {
  if (error instanceof HttpError && !error.cause) return error.message;
  return "no connection to it was possible or allowed";
}
