import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { lookupWithin } from "./lookup-within.ts";

/** Options of {@link httpGet}. */
export interface HttpOptions {
  /** Sent wherever redirects lead. */
  headers?: Readonly<Record<string, string>>;
  /** Ends the request, and the body while it comes. */
  signal?: AbortSignal | undefined;
  /** Which IP addresses may be connected to: asked of what a name resolves to and of what redirects lead to. Default: all. */
  allows?: ((address: string) => boolean) | undefined;
}

/**
 * Why an address gave no answer, or not all of one, in words that name no address; packages tell it in their own error.
 *
 * @example
 * ```ts
 * import { HttpError, httpGet } from "@seg/node";
 *
 * const error = await httpGet("ftp://example.org/weights.pth").catch((thrown: unknown) => thrown);
 * if (!(error instanceof HttpError)) throw error;
 * console.log(error.message, error.lasting); // that is no http or https address true
 * ```
 */
export class HttpError extends Error {
  /** Whether asking again is of no use. */
  readonly lasting: boolean;
  /** Whether there is a machine of that name, but no connection to it, or no TLS on it. */
  readonly unserved: boolean;

  /**
   * @param message - what went wrong.
   * @param options - as the fields; both false unless given.
   */
  constructor(
    message: string,
    { lasting = false, unserved = false, ...options }: ErrorOptions & { lasting?: boolean; unserved?: boolean } = {},
  ) {
    super(message, options);
    this.name = "HttpError";
    this.lasting = lasting;
    this.unserved = unserved;
  }
}

/** An answer, whatever its status. Whoever does not read its body to the end closes it. */
export interface HttpAnswer {
  status: number;
  statusText: string;
  headers: IncomingHttpHeaders;
  /** What was sent, encoded where the server encodes it; {@link HttpError} after the last piece, if that is not all. To be read once. */
  body: AsyncIterable<Buffer>;
  /** Ends the connection. */
  close(): void;
}

const REDIRECTS: readonly unknown[] = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 10;

/**
 * Gets an `http:` or `https:` address as a careful client does. Redirects are followed, ten at most, to `http:` and `https:` alone and never
 * from `https:` down to `http:`; a name and password in the address are sent to its own server only.
 *
 * @throws {HttpError} if there is none. The signal's reason passes through.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { text } from "node:stream/consumers";
 * import { httpGet } from "@seg/node";
 *
 * const server = createServer(({ url }, response) => {
 *   if (url === "/old") response.writeHead(301, { location: "/new" }).end();
 *   else response.end(`this is ${url}`);
 * });
 * await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
 * const { port } = server.address() as { port: number };
 * const { status, body } = await httpGet(`http://127.0.0.1:${port}/old`);
 * console.log(status, await text(body)); // 200 this is /new
 * server.close();
 * ```
 */
export async function httpGet(url: string, { headers = {}, signal, allows }: HttpOptions = {}): Promise<HttpAnswer> {
  let at = addressOf(url);
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(at, headers, signal, allows);
    if (!REDIRECTS.includes(answer.status)) return answer;
    answer.close();
    if (redirects === MOST_REDIRECTS) throw new HttpError("the server redirects without end", { lasting: true });
    at = nextAddress(at, answer.headers.location ?? "");
  }
}

/** Bytes that have come and are not taken yet, above which no more are read. */
const BACKLOG = 1 << 20;

/** Collects what comes from now on, before anyone asks for it: a stream whose connection breaks drops what it holds. */
function answerOf(message: IncomingMessage): HttpAnswer {
  const pieces: Buffer[] = [];
  let waiting = 0;
  let failure: Error | undefined;
  let ended = false;
  let wake = () => {};
  const end = (error?: Error) => {
    failure ??= error;
    ended = true;
    wake();
  };
  message.on("error", end).on("end", () => end());
  message.on("close", () => end());
  message.on("data", (piece: Buffer) => {
    pieces.push(piece);
    waiting += piece.length;
    if (waiting > BACKLOG) message.pause();
    wake();
  });
  async function* body(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const piece = pieces.shift();
        if (piece) {
          waiting -= piece.length;
          if (waiting <= BACKLOG) message.resume();
          yield piece;
        } else if (ended) break;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      message.destroy();
    }
    if (!message.complete) throw new HttpError("the connection closed before all had come", { cause: failure });
  }
  const { statusCode: status = 0, statusMessage: statusText = "", headers } = message;
  return { status, statusText, headers, body: body(), close: () => void message.destroy() };
}

function addressOf(url: string): URL {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url);
  throw new HttpError("that is no http or https address", { lasting: true });
}

function nextAddress(from: URL, location: string): URL {
  const refuse = (why: string) => new HttpError(`the server redirects ${why}`, { lasting: true });
  if (!location || !URL.canParse(location, from.href)) throw refuse("to no address");
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol)) throw refuse(`to a ${to.protocol.slice(0, -1)} address`);
  if (from.protocol === "https:" && to.protocol === "http:") throw refuse("from https to http, which anyone may alter");
  // Its own server gets the name and password again, no other one, nor any that the server wrote there.
  const isSame = to.origin === from.origin;
  to.username = isSame ? from.username : "";
  to.password = isSame ? from.password : "";
  return to;
}

async function ask(
  url: URL,
  headers: HttpOptions["headers"],
  signal: AbortSignal | undefined,
  allows: HttpOptions["allows"],
): Promise<HttpAnswer> {
  signal?.throwIfAborted();
  const { protocol, port, pathname, search, username, password } = url;
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // No name is looked up for an address.
  if (allows && isIP(hostname) && !allows(hostname)) throw new HttpError(REFUSED, { lasting: true });
  const options: RequestOptions = {
    hostname,
    ...(allows && { lookup: lookupWithin(allows, REFUSED) }),
    ...(port && { port }),
    path: pathname + search,
    headers: { "accept-encoding": "identity", ...headers },
    ...((username || password) && { auth: `${decoded(username)}:${decoded(password)}` }),
    ...(signal && { signal }),
  };
  return new Promise((resolve, reject) => {
    const request = (protocol === "https:" ? httpsRequest : httpRequest)(options);
    // A connection that is kept may be closed by the server just when it is used again.
    request.shouldKeepAlive = false;
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (signal?.aborted) reject(signal.reason);
      else reject(connectionError(error));
    });
    request.on("response", (message) => resolve(answerOf(message)));
    request.end();
  });
}

const REFUSED = "its address is one that may not be asked";

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What the resolver and the network say where there is nobody of that name, or no way there. */
const NOWHERE = ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENETUNREACH", "EHOSTUNREACH", "ENETDOWN"];

/** What the system's and Node's codes mean to whoever waits for a file. */
const OURS: readonly (readonly [codes: RegExp, words: string])[] = [
  [/^(ENOTFOUND|EAI_)/, "no server of that name was found"],
  [/^ECONNREFUSED$/, "the server takes no connections there"],
  [/^(ECONNRESET|EPIPE)$/, "the server closed the connection without an answer"],
  [/^HPE_HEADER_OVERFLOW$/, "the server's answer begins with too long headers"],
  [/^HPE_/, "the server's answer is not HTTP"],
  [/^ETIMEDOUT$/, "the server did not answer"],
];

function connectionError(error: NodeJS.ErrnoException & { reason?: string }): HttpError {
  const { code = "", reason } = error;
  const isTls = /^(ERR_(TLS|SSL)|CERT_|UNABLE_TO_|.*_CERT|EPROTO)/.test(code);
  const words = (isTls && reason) || error.message || code;
  const [, ours = "no connection"] = isTls
    ? ["", "no secure connection"]
    : (OURS.find(([codes]) => codes.test(code)) ?? []);
  return new HttpError(`${ours} (${isTls ? "TLS: " : ""}${words})`, {
    cause: error,
    lasting: isTls || code === "ENOTFOUND" || code.startsWith("HPE_"),
    unserved: !NOWHERE.includes(code),
  });
}
