import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** One answer to one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine that gives `answers` in turn, the last one again and again, until the test is over. */
export async function fileServer(...answers: Answer[]) {
  const requests: { url: string; range?: string; ifRange?: string }[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]!;
    requests.push({
      url: request.url!,
      range: request.headers.range,
      ifRange: request.headers["if-range"] as string | undefined,
    });
    answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(
    () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  );
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** How a file is served. */
interface Serving {
  etag?: string;
  /** The connection breaks after this many bytes of the body. */
  breakAfter?: number;
  /** Does as if there were no ranges. */
  ignoreRange?: boolean;
}

/** Serves `content` as a good server does, ranges and validators included, but for what `serving` says. */
export function serve(content: Uint8Array, { etag = '"one"', breakAfter, ignoreRange = false }: Serving = {}): Answer {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const partial = !ignoreRange && from > 0 && request.headers["if-range"] === etag;
    if (partial && from >= content.length) {
      response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
      return;
    }
    const body = partial ? content.subarray(from) : content;
    response.writeHead(partial ? 206 : 200, {
      "content-type": "application/octet-stream",
      "content-length": body.length,
      ...(etag && { etag }),
      ...(partial && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    if (breakAfter === undefined) response.end(body);
    else response.write(body.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 20));
  };
}

/** Answers with a status alone. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(code, headers).end("no");
  };
}

/** The page that a hotel's network gives for every address. */
export function loginPage(type = "text/html"): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": type }).end("<!DOCTYPE html><html><body>Please log in</body></html>");
  };
}
