// What a loader's thread runs.
import { parentPort, workerData } from "node:worker_threads";
import { type HostData, type SampleRequest, SourceHost } from "./source-host.ts";

/** What the thread is asked for. */
export interface Question extends SampleRequest {
  id: number;
}

/** An error on its way: a clone of it would lose its name and code. */
export interface SentError extends Pick<Error, "name" | "message" | "stack"> {
  code: unknown;
}

/** What it answers. */
export type Answer = { id: number; sample: unknown } | { id: number; error: SentError };

const port = parentPort!;
const host = new SourceHost(workerData as HostData);

port.on("message", async ({ id, ...request }: Question) => {
  try {
    const sample = await host.make(request);
    port.postMessage({ id, sample } satisfies Answer, buffersOf(sample));
  } catch (thrown) {
    const { name, message, stack, code } = (
      thrown instanceof Error ? thrown : new Error(String(thrown))
    ) as NodeJS.ErrnoException;
    port.postMessage({ id, error: { name, message, stack, code } } satisfies Answer);
  }
});

/** The memory of the sample's own typed arrays that share it with nothing else: moved to the other side, not copied. */
function buffersOf(sample: unknown): ArrayBuffer[] {
  const values = typeof sample === "object" && sample !== null ? Object.values(sample) : [];
  const whole = values.filter(
    (value) =>
      ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength,
  );
  return [...new Set(whole.map(({ buffer }) => buffer))];
}
