import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A server that gives whatever bytes it is told to, as no library for HTTP would. */
export interface HostileServer {
  /** `http://127.0.0.1:port`. */
  address: string;
  /** The requests' heads, in the order in which they came. */
  requests: string[];
  close(): Promise<void>;
}

/** What is done with a request: bytes written, a wait, the end of the connection. */
export type HostileAnswer = (socket: Socket, request: string) => void | Promise<void>;

/** Starts a server on this machine that gives `answers` in turn, the last one again and again. The caller closes it. */
export async function hostileServer(...answers: readonly HostileAnswer[]): Promise<HostileServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    let head = "";
    socket.on("data", (bytes) => {
      head += bytes.toString("latin1");
      if (!head.endsWith("\r\n\r\n")) return;
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push(head);
      const request = head;
      head = "";
      void answer?.(socket, request);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((closed) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => closed());
      }),
  };
}

/** An answer's head, ended. */
export function head(status: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}

/** Sends these bytes and ends the connection. */
export const sends =
  (...parts: readonly (string | Uint8Array)[]): HostileAnswer =>
  (socket) => {
    for (const part of parts) socket.write(part);
    socket.end();
  };

/** A body in one chunk, of a chunked encoding that is ended in the right way. */
export const chunked = (body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]);

/** Sends these bytes and breaks the connection, as a machine does that goes down: with a reset. */
export const breaksAfter =
  (...parts: readonly (string | Uint8Array)[]): HostileAnswer =>
  (socket) => {
    for (const part of parts) socket.write(part);
    setTimeout(() => socket.resetAndDestroy(), 50);
  };

/** Sends a piece every so many milliseconds, for as long as anyone listens. */
export const drips =
  (start: string, piece: Uint8Array, every: number): HostileAnswer =>
  (socket) => {
    socket.write(start);
    const timer = setInterval(() => socket.write(piece), every);
    socket.on("close", () => clearInterval(timer));
  };

/** Sends pieces as fast as they are taken, without end. */
export const pours =
  (start: string, piece: Uint8Array): HostileAnswer =>
  (socket) => {
    socket.write(start);
    const more = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", more);
    more();
  };

/** Never answers. */
export const silence: HostileAnswer = () => {};
