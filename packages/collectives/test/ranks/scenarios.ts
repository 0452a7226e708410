import { createHash } from "node:crypto";
import { CollectiveError } from "../../src/errors.ts";
import type { Group } from "../../src/group.ts";
import { numbersOf } from "./numbers.ts";

/** What a rank found out; goes to the test as JSON. */
export type Finding = { error: { code: string; rank?: number; message: string }; afterMs: number } | { value: unknown };

export function digest(numbers: Float32Array): string {
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
    const { code, rank, message } = error;
    return { error: { code, message, ...(rank !== undefined && { rank }) }, afterMs: performance.now() - start };
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
      findError(() => {
        group.dispose();
        group.dispose();
        group.allReduce(new Float32Array(1));
      }),
    ];
  },
};

export type Scenario = keyof typeof scenarios;
