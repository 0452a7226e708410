/** The thread that watches the other ranks: it holds a connection between rank 0 and each, and tells when one breaks. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { LOSSES, type Loss, type WatcherTask } from "./task.ts";

/** Nothing is sent; after so long the systems ask each other whether they are there, on Linux ten times, a second apart. */
const KEEP_ALIVE_MS = 10_000;

/** How long a connection may take to be made and to say who it is. */
const GREETING_MS = 10_000;

const LINE_LENGTH = 100;

/** Errors by which the system tells that the other host does not answer; any other end comes from the other process's end. */
const UNREACHABLE = ["ETIMEDOUT", "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN"];

const { task } = workerData as { task: WatcherTask };
const states = new Int32Array(task.states);

/** Rank 0's connections. */
const sockets = new Map<number, Socket>();

function tell(rank: number, loss: Loss): void {
  if (Atomics.compareExchange(states, rank, 0, LOSSES.indexOf(loss) + 1) !== 0) return;
  parentPort!.postMessage({ rank, loss });
  for (const socket of sockets.values()) socket.write(`${rank} ${loss}\n`);
}

/** Tells the thread that waits how the start went. */
function say(value: number): void {
  Atomics.store(states, task.size, value);
  Atomics.notify(states, task.size);
}

/** Calls `ended` once, when the connection has come to its end. */
function watch(socket: Socket, ended: (loss: Loss) => void): void {
  let loss: Loss = "ended";
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
    if (UNREACHABLE.includes(code)) loss = "unreachable";
  });
  socket.on("close", () => ended(loss));
}

/** Calls `heard` for each line; who sends more than a line's length without an end is no rank. */
function lines(socket: Socket, heard: (line: string) => void): void {
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (data) => {
    const parts = (text + data).split("\n");
    text = parts.pop()!;
    for (const line of parts) heard(line);
    if (text.length > LINE_LENGTH) socket.destroy();
  });
}

/** Rank 0: waits for the others. */
function serve(ports: readonly number[], host: string | undefined): void {
  const [port, ...others] = ports;
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    const impatience = setTimeout(() => socket.destroy(), GREETING_MS);
    lines(socket, (line) => {
      const [token, text] = line.split(" ");
      const rank = Number(text);
      if (token !== task.tokens.ask || !(rank > 0 && rank < task.size) || sockets.has(rank)) return socket.destroy();
      clearTimeout(impatience);
      watch(socket, (loss) => {
        sockets.delete(rank);
        tell(rank, loss);
      });
      socket.write(`${task.tokens.answer}\n`);
      sockets.set(rank, socket);
    });
  });
  server.on("error", () => (others.length > 0 ? serve(others, host) : say(-1)));
  server.listen({ port, host, exclusive: true }, () => say((server.address() as { port: number }).port));
}

/** The others: the first of rank 0's addresses that answers as it does counts. */
function call(addresses: readonly string[], port: number): void {
  const tries = new Set(addresses.map((host) => connect({ host, port })));
  for (const socket of tries) {
    socket.setTimeout(GREETING_MS, () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => {
      tries.delete(socket);
      if (tries.size === 0) say(-1);
    });
    socket.on("connect", () => socket.write(`${task.tokens.ask} ${task.rank}\n`));
    let greeted = false;
    lines(socket, (line) => {
      if (greeted) {
        const [rank, loss] = line.split(" ");
        tell(Number(rank), loss as Loss);
      } else if (line === task.tokens.answer) {
        greeted = true;
        socket.setTimeout(0);
        for (const other of tries) if (other !== socket) other.destroy();
        say(1);
        watch(socket, (loss) => tell(0, loss));
      } else socket.destroy();
    });
  }
}

if (task.offer) call(task.offer.addresses, task.offer.port);
else serve(task.ports!, task.host);
