import { ownModule, startThread } from "@seg/node";
import type { FromReplica } from "../replica/messages.ts";
import type { ReplicaWorker, WorkerListener } from "./replica-worker.ts";

/** Starts a thread for a replica. */
export function launchThread({ onMessage, onExit }: WorkerListener): ReplicaWorker {
  const worker = startThread(ownModule("../replica/thread-main", import.meta.url));
  worker.on("message", (message: FromReplica) => onMessage(message));
  worker.on("messageerror", (error) => onExit("said something that cannot be read", error));
  worker.on("error", (error: NodeJS.ErrnoException) =>
    onExit(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "ran out of memory" : `failed: ${error.message}`, error),
  );
  const exited = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      onExit(`ended with code ${code}`);
      resolve();
    });
  });
  return {
    send: (message, transfer = []) => worker.postMessage(message, transfer),
    setRef: (on) => (on ? worker.ref() : worker.unref()),
    wake: () => {},
    terminate: async () => {
      await worker.terminate();
    },
    exited,
  };
}
