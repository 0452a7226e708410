/**
 * Ranks 0 to `size` − 1 that work in step: each makes the same calls in the same order. A call blocks the thread until all ranks have
 * made it, because a gradient function in TF.js is synchronous.
 *
 * Sums are taken in rank order, so that all ranks hold bit-identical results. A rank that dies, or does not come within the time limit,
 * makes the others throw a {@link CollectiveError} that names it; the group is broken after that: every later call throws the same.
 */
export interface Group {
  /** This one's place, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** Replaces `data` by the sum over all ranks; it has the same length, which may be 0, on all of them. */
  allReduce(data: Float32Array): void;
  /** Every rank's `data` in rank order, each of the same length, joined: `size × data.length` numbers. The caller owns the result. */
  allGather(data: Float32Array): Float32Array;
  /** Replaces `data` by that of rank `root`, 0 unless given. */
  broadcast(data: Float32Array, root?: number): void;
  /** Every rank's bytes in rank order; each rank may bring another length, 0 among them. The caller owns the result. */
  allGatherBytes(data: Uint8Array): Uint8Array[];
  /** The bytes of rank `root`, 0 unless given; the others need not know how many, and what they give is ignored. The caller owns the result. */
  broadcastBytes(data: Uint8Array | undefined, root?: number): Uint8Array;
  /** Returns when all ranks have called it. */
  barrier(): void;
  /** Leaves the group and frees what it holds; does not wait for others. */
  dispose(): void;
}
