// What a loader's thread runs.
import { parentPort, workerData } from "node:worker_threads";
import { packError, type SentError } from "@seg/node";
import { ownBuffers } from "../transfer.ts";
import { type HostData, type SampleRequest, SourceHost } from "./source-host.ts";

/** What the thread is asked for. */
export interface Question extends SampleRequest {
  id: number;
}

/** What it answers. */
export type Answer = { id: number; sample: unknown } | { id: number; error: SentError };

const port = parentPort!;
const host = new SourceHost(workerData as HostData);

port.on("message", async ({ id, ...request }: Question) => {
  try {
    const sample = await host.make(request);
    port.postMessage({ id, sample } satisfies Answer, ownBuffers([sample])[0]!);
  } catch (thrown) {
    port.postMessage({ id, error: packError(thrown) } satisfies Answer);
  }
});
