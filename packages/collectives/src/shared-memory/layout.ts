/**
 * The layout of the shared memory, counted in 32-bit words: first the cache lines of the group, then one line for each rank, then each rank's
 * slots. Lines are 128 bytes, the unit in which processors pass memory around, so that there is no false sharing between ranks.
 */
export const LINE_LENGTH = 32;

/** The header, in the first line. */
export const MAGIC = 0;
export const SIZE = 1;
export const CHUNK_LENGTH = 2;
/** The process that created it: its identity, three words. */
export const CREATOR = 3;
/** The last phase of the barrier that all ranks have reached; waiting ranks are parked on it. */
export const COMPLETE = 1 * LINE_LENGTH;
/** How many ranks are parked. */
export const PARKED = 2 * LINE_LENGTH;
/** 0, or why the group broke and through which rank. */
export const FAILURE = 3 * LINE_LENGTH;

/** Where the line of a rank begins. */
export const lineOf = (rank: number) => (4 + rank) * LINE_LENGTH;
/** In a rank's line: the last phase that it has reached. */
export const PHASE = 0;
/** In a rank's line: one of the states below. */
export const STATE = 1;
/** In a rank's line: its process's identity, three words. */
export const IDENTITY = 2;
/** In a rank's line: its call in phase p, three words at `CALL + 3 * (p % SLOTS)`. */
export const CALL = 8;

export const ABSENT = 0;
export const JOINED = 1;
export const LEFT = 2;

/** How many slots a rank has: one being filled, one being summed, one being read. */
export const SLOTS = 3;

/** A slot's length, unless given: 6 MiB for all slots together, so that they stay in the processor's caches. */
export function defaultChunkLength(size: number): number {
  return Math.max(1024, Math.floor(2 ** 19 / size));
}

/** How many bytes the whole takes. */
export function sharedBytes(size: number, chunkLength: number): number {
  return 4 * (lineOf(size) + size * SLOTS * chunkLength);
}

/** All slots of all ranks as arrays: `slots[rank][phase % SLOTS]`. */
export function slotsOf(buffer: ArrayBufferLike, size: number, chunkLength: number): Float32Array[][] {
  return Array.from({ length: size }, (_, rank) =>
    Array.from(
      { length: SLOTS },
      (_, slot) => new Float32Array(buffer, 4 * (lineOf(size) + (rank * SLOTS + slot) * chunkLength), chunkLength),
    ),
  );
}
