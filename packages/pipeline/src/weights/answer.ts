import type { IncomingHttpHeaders } from "node:http";
import type { HttpAnswer } from "@seg/node";
import { Failure, Passing, Stale } from "./failure.ts";

/** Where the body of an answer belongs. */
export interface Place {
  /** The place of its first byte in the file. */
  from: number;
  /** Where its last byte is to end; undefined where the server does not tell. */
  to: number | undefined;
  /** How long the whole file is, where it tells. */
  total: number | undefined;
}

/** The most seconds that a server's wish to be left alone is granted. */
const LONGEST_WAIT = 60;

/** What a page of the network's own is told by. */
export const WEB_PAGE = "a web page came instead of the file, as from a network that wants you to log in first";

/**
 * Where the body of an answer belongs.
 *
 * @param have - bytes that are here already, and were asked to be continued; 0 where the whole file was asked for.
 * @param validator - what the server called their file: an ETag or a date.
 * @throws {Failure} if it is no part of the file.
 */
export function placeOf(answer: HttpAnswer, have: number, validator: string): Place {
  const { status, statusText, headers } = answer;
  if ((status === 200 || status === 206) && /^text\/html\b/i.test(headers["content-type"] ?? "")) {
    throw new Failure(WEB_PAGE);
  }
  if ((status === 200 || status === 206) && !/^(identity)?$/i.test(headers["content-encoding"] ?? "")) {
    throw new Failure(`the server sent it encoded (${headers["content-encoding"]}), which was not asked for`);
  }
  if (status === 200) {
    const total = lengthOf(headers);
    return { from: 0, to: total, total };
  }
  if (status === 206) {
    const place = rangeOf(headers);
    // Nobody asked for a part: a server or proxy that sends one will send it again.
    if (have === 0) throw new Failure("the server sent a part of the file where the whole was asked for");
    if (place?.from === have && isSame(headers, validator)) return place;
    throw new Stale("the server sent a part that does not fit what came before");
  }
  const said = `the server answered ${status} ${statusText}`.trim();
  if (status === 416) throw new Stale(said, status);
  if (status === 408 || status === 429 || status >= 500) {
    const wait = retryAfter(headers);
    if (wait > LONGEST_WAIT) throw new Failure(`${said} and asks to come back in ${Math.ceil(wait)} s`, status);
    throw new Passing(said, status, wait * 1000);
  }
  throw new Failure(said, status);
}

/** What the server calls this version of the file. A weak tag does not promise the same bytes. */
export function validatorOf({ headers }: HttpAnswer): string {
  const { etag } = headers;
  return etag && !etag.startsWith("W/") ? etag : (headers["last-modified"] ?? "");
}

function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  return headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
}

/** The part that a `Content-Range` names, if it is one that reaches to the file's end and is as long as it says. */
function rangeOf(headers: IncomingHttpHeaders): Place | undefined {
  const [, first, last, whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (first === undefined) return undefined;
  const [from, to] = [Number(first), Number(last) + 1];
  const total = whole === "*" ? undefined : Number(whole);
  const isLong = (lengthOf(headers) ?? to - from) === to - from;
  return from < to && isLong && (total ?? to) >= to ? { from, to, total } : undefined;
}

/** Whether a part is of the file that came before, as far as the server says what it is of. */
function isSame(headers: IncomingHttpHeaders, validator: string): boolean {
  return [undefined, validator].includes(validator.startsWith('"') ? headers.etag : headers["last-modified"]);
}

/** Seconds, given as such or as a date. */
function retryAfter(headers: IncomingHttpHeaders): number {
  const asked = headers["retry-after"] ?? "";
  const seconds = Number(asked);
  const until = Number.isNaN(seconds) ? (Date.parse(asked) - Date.now()) / 1000 : seconds;
  return Math.max(until || 0, 0);
}
