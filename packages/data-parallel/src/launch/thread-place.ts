import { ownModule, startThread } from "@seg/node";
import type { FromReplica } from "../replica/messages.ts";
import type { Place, PlaceListener } from "./place.ts";

/** Starts a thread for a replica. */
export function launchThread({ onMessage, onEnd }: PlaceListener): Place {
  const worker = startThread(ownModule("../replica/thread", import.meta.url));
  worker.on("message", (message: FromReplica) => onMessage(message));
  worker.on("messageerror", (error) => onEnd("said something that cannot be read", error));
  worker.on("error", (error: NodeJS.ErrnoException) =>
    onEnd(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "ran out of memory" : `failed: ${error.message}`, error),
  );
  const ended = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      onEnd(`ended with code ${code}`);
      resolve();
    });
  });
  return {
    send: (message, moved = []) => worker.postMessage(message, moved),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    kill: async () => {
      await worker.terminate();
    },
    ended,
  };
}
