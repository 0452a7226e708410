// The entry point of a loader's thread.
import { parentPort, workerData } from "node:worker_threads";
import { type SerializedError, serializeError } from "@seg/node";
import { transferables } from "../transferables.ts";
import { type LoaderData, type SampleRequest, WorkerSources } from "./worker-sources.ts";

/** A request to the thread. */
export interface Request extends SampleRequest {
  id: number;
}

/** Its response. */
export type Response = { id: number; sample: unknown } | { id: number; error: SerializedError };

const port = parentPort!;
const sources = new WorkerSources(workerData as LoaderData);

port.on("message", async ({ id, ...request }: Request) => {
  try {
    const sample = await sources.make(request);
    port.postMessage({ id, sample } satisfies Response, transferables([sample])[0]!);
  } catch (thrown) {
    port.postMessage({ id, error: serializeError(thrown) } satisfies Response);
  }
});
