import type { Group } from "@seg/collectives";

interface Call {
  kind: string;
  data: Float32Array;
}

/** How often each kind of collective was called, by one replica. */
export type Calls = Record<string, number>;

/**
 * Runs `size` replicas in one thread, on any engine. All run with the results of the collectives that are known so far, and go on with
 * numbers of no meaning from the first that is not; then its result is known, and all run again from the start, until nothing is
 * missing. So `run` must do the same each time, and keep nothing.
 */
export function replicas<T>(size: number, run: (group: Group, rank: number) => T): { results: T[]; calls: Calls } {
  const known: Float32Array[] = [];
  const kinds: string[] = [];
  for (;;) {
    const waiting: Call[] = [];
    const results: T[] = [];
    for (let rank = 0; rank < size; rank++) {
      let made = 0;
      const waitsAlready = () => waiting.length > rank;
      const call = (kind: string, data: Float32Array, meanwhile: Float32Array): Float32Array => {
        const result = known[made++];
        if (result) return result;
        if (!waitsAlready()) waiting.push({ kind, data: data.slice() });
        return meanwhile;
      };
      const never = () => {
        throw new Error("Expected only all-gathers and all-reduces.");
      };
      const group: Group = {
        rank,
        size,
        allGather: (data) => call("allGather", data, new Float32Array(size * data.length).fill(1)).slice(),
        allReduce: (data) => data.set(call("allReduce", data, data)),
        broadcast: never,
        allGatherBytes: never,
        broadcastBytes: never,
        barrier: never,
        dispose() {},
      };
      try {
        results.push(run(group, rank));
      } catch (error) {
        if (!waitsAlready()) throw error;
      }
      if (waiting.length !== 0 && !waitsAlready())
        throw new Error(`Replica ${rank} makes fewer calls than the others.`);
    }
    const [first] = waiting;
    if (!first) return { results, calls: tally(kinds) };
    for (const { kind, data } of waiting) {
      if (kind !== first.kind || data.length !== first.data.length) {
        throw new Error(`Replicas call ${first.kind} of ${first.data.length} and ${kind} of ${data.length}.`);
      }
    }
    if (waiting.length < size) throw new Error("Replica 0 makes fewer calls than the others.");
    kinds.push(first.kind);
    known.push(first.kind === "allGather" ? joined(waiting) : summed(waiting));
  }
}

const joined = (calls: Pick<Call, "data">[]) => Float32Array.from(calls.flatMap(({ data }) => [...data]));

const summed = (calls: Call[]) => calls[0]!.data.map((_, i) => calls.reduce((sum, { data }) => sum + data[i]!, 0));

function tally(kinds: string[]): Calls {
  const counts: Calls = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
