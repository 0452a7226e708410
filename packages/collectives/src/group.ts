/**
 * A process group in the sense of `torch.distributed`: ranks 0 to `size` − 1, which make the same collective calls in the same order. A call
 * blocks the thread until all ranks have made it, because a gradient function in TF.js is synchronous.
 *
 * Sums are taken in rank order, so that all ranks hold bit-identical results. A rank that dies, or does not make the call within the time
 * limit, makes the others throw a {@link CollectiveError} that names it; the group is broken after that: every later call throws the same.
 */
export interface Group {
  /** The caller's rank, from 0. */
  readonly rank: number;
  /** The world size: how many ranks there are. */
  readonly size: number;
  /** Replaces `data` by the sum over all ranks; it has the same length, which may be 0, on all of them. */
  allReduce(data: Float32Array): void;
  /** Every rank's `data` in rank order, each of the same length, joined: `size × data.length` numbers. The caller owns the result. */
  allGather(data: Float32Array): Float32Array;
  /** Replaces `data` by that of rank `root`, 0 unless given. */
  broadcast(data: Float32Array, root?: number): void;
  /** Every rank's bytes in rank order; lengths may differ, and be 0. The caller owns the result. */
  allGatherBytes(data: Uint8Array): Uint8Array[];
  /** The bytes of rank `root`, 0 unless given; on other ranks `data` is ignored, and they need not know its length. The caller owns the result. */
  broadcastBytes(data: Uint8Array | undefined, root?: number): Uint8Array;
  /** Returns when all ranks have called it. */
  barrier(): void;
  /** Leaves the group and frees its memory; does not wait for the others. */
  dispose(): void;
}
