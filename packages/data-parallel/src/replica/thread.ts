// What a replica's thread runs.
import { parentPort } from "node:worker_threads";
import { serve } from "./serve.ts";

const port = parentPort!;
port.on(
  "message",
  serve({
    send: (message, moved = []) => port.postMessage(message, moved),
    close: () => process.exit(0),
  }),
);
