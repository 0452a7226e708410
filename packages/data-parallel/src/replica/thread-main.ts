// The entry point of a replica's thread.
import { parentPort } from "node:worker_threads";
import { serve } from "./serve.ts";

const port = parentPort!;
port.on(
  "message",
  serve({
    send: (message, transfer = []) => port.postMessage(message, transfer),
    close: () => process.exit(0),
  }),
);
