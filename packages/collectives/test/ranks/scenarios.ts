import { createHash } from "node:crypto";
import { CollectiveError, type CollectiveErrorData } from "../../src/errors.ts";
import type { Group } from "../../src/group.ts";
import { broadcastJson, gatherJson } from "../../src/json.ts";
import type { Waiting } from "../../src/waiting.ts";
import { bytesOf, numbersOf } from "./numbers.ts";

/** What a rank found out; goes to the test as JSON. */
export type Finding =
  | { error: { code: string; rank?: number; data: Partial<CollectiveErrorData>; message: string }; afterMs: number }
  | { value: unknown };

export function digest(numbers: Float32Array | Uint8Array): string {
  return createHash("sha256")
    .update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    .digest("hex");
}

/** Makes the calls and tells how the first error came, if one did. */
export function findError(calls: () => void): Finding {
  const start = performance.now();
  try {
    calls();
    return { value: "no error" };
  } catch (error) {
    if (!(error instanceof CollectiveError)) throw error;
    const { code, rank, data, message } = error;
    return { error: { code, data, message, ...(rank !== undefined && { rank }) }, afterMs: performance.now() - start };
  }
}

/** What one rank of a group does in a test. */
export const scenarios = {
  /** Every call for each length: digests of what came out. */
  results(group: Group, lengths: number[]) {
    return lengths.map((length) => {
      const sum = numbersOf(group.rank, length);
      group.allReduce(sum);
      const gathered = group.allGather(numbersOf(group.rank, length));
      const sent = numbersOf(group.rank, length);
      const root = length % group.size;
      group.broadcast(sent, root);
      group.barrier();
      return { length, root, sum: digest(sum), gathered: digest(gathered), sent: digest(sent) };
    });
  },

  /** Bytes of each length from the root, and from every rank so many, by its own number more: digests of what came out. */
  bytes(group: Group, lengths: number[]) {
    return lengths.map((length) => {
      const root = length % group.size;
      const sent = group.broadcastBytes(group.rank === root ? bytesOf(root, length) : undefined, root);
      const gathered = group.allGatherBytes(bytesOf(group.rank, unequal(length, group.rank, group.size)));
      // A copy, and what the others give is ignored.
      const own = bytesOf(group.rank, length);
      const again = group.broadcastBytes(own, root);
      own.fill(0);
      const isOwn = digest(again) === digest(sent) && again.buffer !== own.buffer;
      return { length, sent: digest(sent), gathered: gathered.map((bytes) => [bytes.length, digest(bytes)]), isOwn };
    });
  },

  /** A part of a larger array, at an odd place, as bytes. */
  partOfBytes(group: Group) {
    const whole = Buffer.from([9, 9, 9, 1, 2, 3, 9]);
    const [part, gathered] = [group.broadcastBytes(whole.subarray(3, 6)), group.allGatherBytes(whole.subarray(1, 4))];
    return [[...part], gathered.map((bytes) => [...bytes]), [...whole]];
  },

  /** Values as JSON: the first rank's, and every rank's. */
  json(group: Group, value: unknown) {
    const longer = { rank: group.rank, text: "é".repeat(10_000 * group.rank) };
    const lengths = gatherJson(longer, group).map(({ rank, text }) => [rank, text.length]);
    const refused = findError(() => gatherJson(undefined, group));
    return [broadcastJson(group.rank === 0 ? value : "ignored", group), lengths, refused];
  },

  /** Rank 1 makes another call than the others, which carry bytes. */
  otherCallOfBytes(group: Group, other: "broadcast" | "root" | "gather") {
    return findError(() => {
      if (group.rank !== 1) group.broadcastBytes(group.rank === 0 ? new Uint8Array(5) : undefined);
      else if (other === "broadcast") group.broadcast(new Float32Array(5));
      else if (other === "root") group.broadcastBytes(new Uint8Array(5), 1);
      else group.allGatherBytes(new Uint8Array(5));
    });
  },

  /** Rank 1 stops coming, in the way named, after a call that carries bytes. */
  missingFromBytes(group: Group, way: "dispose" | "sleep") {
    group.allGatherBytes(new Uint8Array(100_000));
    if (group.rank === 1 && way === "dispose") group.dispose();
    if (group.rank === 1 && way === "sleep") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4500);
    const first = findError(() => group.allGatherBytes(new Uint8Array(100_000)));
    return [first, findError(() => group.broadcastBytes(new Uint8Array(5)))];
  },

  /** Many short calls in a row, without a pause between them. */
  manyCalls(group: Group, count: number) {
    const sum = new Float32Array(5);
    let wrong = 0;
    for (let i = 0; i < count; i++) {
      sum.fill(i % 1000);
      group.allReduce(sum);
      if (sum.some((x) => x !== (i % 1000) * group.size)) wrong++;
      sum.fill(group.rank === i % group.size ? i % 1000 : -1);
      group.broadcast(sum, i % group.size);
      if (sum.some((x) => x !== i % 1000)) wrong++;
    }
    return wrong;
  },

  /** A part of a larger array, at an odd place. */
  partOfArray(group: Group) {
    const whole = new Float32Array(20).fill(1);
    group.allReduce(whole.subarray(3, 10));
    return [...whole];
  },

  /** Rank 1 brings one number more. */
  otherLength(group: Group, length: number) {
    const first = findError(() => group.allReduce(new Float32Array(length + (group.rank === 1 ? 1 : 0))));
    return [first, findError(() => group.barrier())];
  },

  /** Rank 1 calls something else. */
  otherCall(group: Group) {
    return findError(() => (group.rank === 1 ? group.barrier() : group.allReduce(new Float32Array(5))));
  },

  /** Rank 1 names another root. */
  otherRoot(group: Group) {
    return findError(() => group.broadcast(new Float32Array(5), group.rank === 1 ? 1 : 0));
  },

  /** Rank 1 stops coming, but lives on. */
  stuck(group: Group, lifeMs: number) {
    group.allReduce(new Float32Array(5));
    if (group.rank === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lifeMs);
    const first = findError(() => group.allReduce(new Float32Array(5)));
    return [first, findError(() => group.barrier())];
  },

  /** Rank 1 comes late: what each was told of its waits. */
  late(group: Group, lateMs: number, _: () => void, waits: readonly Waiting[]) {
    group.barrier();
    if (group.rank === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lateMs);
    group.allReduce(new Float32Array(5));
    return waits;
  },

  /** Goes on until another rank fails. */
  endless(group: Group, length: number, running: () => void) {
    const data = new Float32Array(length);
    return findError(() => {
      group.allReduce(data);
      running();
      for (;;) group.allReduce(data);
    });
  },

  /** Rank 1 leaves by itself after some calls, in the way named. */
  leaves(group: Group, way: "dispose" | "exit" | "throw" | "kill") {
    for (let i = 0; i < 3; i++) group.allReduce(new Float32Array(1000));
    if (group.rank === 1) {
      if (way === "kill") process.kill(process.pid, "SIGKILL");
      if (way === "exit") process.exit(3);
      if (way === "throw") throw new Error("rank 1 fails on purpose");
      group.dispose();
      return findError(() => group.barrier());
    }
    return findError(() => group.allReduce(new Float32Array(1000)));
  },

  /** Options that no call takes. */
  badOptions(group: Group) {
    return [
      findError(() => group.allReduce([1, 2] as unknown as Float32Array)),
      findError(() => group.broadcast(new Float32Array(1), group.size)),
      findError(() => group.allGatherBytes("text" as unknown as Uint8Array)),
      findError(() => group.broadcastBytes(undefined, group.rank)),
      findError(() => group.broadcastBytes(new Uint8Array(1), group.size)),
      findError(() => {
        group.dispose();
        group.dispose();
        group.allReduce(new Float32Array(1));
      }),
    ];
  },
};

/** How many bytes a rank brings to a gather: none, `length`, more than that. */
export const unequal = (length: number, rank: number, size: number) =>
  rank === size - 1 ? 0 : rank === 0 ? length : length + 3 * rank + 1;

export type Scenario = keyof typeof scenarios;
