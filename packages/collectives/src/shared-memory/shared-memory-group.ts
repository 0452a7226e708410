import { CALLS, type Call, type CallName } from "../call.ts";
import { brokenError, checkSameCall, disposedError } from "../call-errors.ts";
import { CollectiveError } from "../errors.ts";
import type { Group } from "../group.ts";
import { checkBytes, checkData, checkRank } from "../options.ts";
import { sumInOrder } from "../sum.ts";
import type { WaitingOptions } from "../waiting.ts";
import { Barrier } from "./barrier.ts";
import type { Futex } from "./futex.ts";
import { CALL, lineOf, SLOTS, slotsOf } from "./layout.ts";

/** Up to this length every rank sums everything itself: that is quicker than another phase, for reduce-scatter and all-gather. */
const SHORT = 8192;

/** Parts begin at multiples of this, a cache line, against false sharing. */
const ALIGN = 16;

export interface SharedMemoryGroupOptions extends WaitingOptions {
  buffer: ArrayBufferLike;
  rank: number;
  size: number;
  chunkLength: number;
  timeoutMs: number;
  futex: Futex;
  /** Whether the system knows that `rank` has ended. */
  hasDied(rank: number): boolean;
  /** Frees what the group holds. */
  release(): void;
}

/**
 * A group over shared memory. Long vectors are all-reduced in chunks, by reduce-scatter and all-gather: every rank copies a chunk into its
 * slot; each sums its own part of it; each copies the others' sums out. Three slots for each rank make that a pipeline with one barrier
 * for each chunk: in phase p chunk p comes in while chunk p − 1 is summed and chunk p − 2 goes out.
 */
export class SharedMemoryGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly #control: Int32Array;
  readonly #slots: readonly (readonly Float32Array[])[];
  readonly #chunkLength: number;
  readonly #barrier: Barrier;
  readonly #release: () => void;
  #name: CallName = "join";
  /** What all ranks called, in rank order; undefined until this call's first barrier. */
  #calls: readonly Call[] | undefined;
  #broken: CollectiveError | undefined;
  #disposed = false;

  constructor({
    buffer,
    rank,
    size,
    chunkLength,
    timeoutMs,
    futex,
    hasDied,
    release,
    ...waiting
  }: SharedMemoryGroupOptions) {
    this.rank = rank;
    this.size = size;
    this.#control = new Int32Array(buffer, 0, lineOf(size));
    this.#slots = slotsOf(buffer, size, chunkLength);
    this.#chunkLength = chunkLength;
    this.#barrier = new Barrier({ control: this.#control, rank, size, timeoutMs, futex, hasDied, ...waiting });
    this.#release = release;
  }

  allReduce(data: Float32Array): void {
    checkData(data);
    this.#call("allReduce", data.length, 0, () => {
      if (data.length <= Math.min(SHORT, this.#chunkLength)) this.#reduceShort(data);
      else this.#reducePipelined(data);
    });
  }

  allGather(data: Float32Array): Float32Array {
    checkData(data);
    const { rank, size } = this;
    const all = new Float32Array(size * data.length);
    this.#call("allGather", data.length, 0, () => {
      this.#chunks(data).forEach((chunk, i) => {
        const slot = this.#barrier.phase % SLOTS;
        this.#slots[rank]![slot]!.set(chunk);
        this.#wait();
        for (let of = 0; of < size; of++)
          all.set(this.#slots[of]![slot]!.subarray(0, chunk.length), of * data.length + i * this.#chunkLength);
      });
    });
    return all;
  }

  broadcast(data: Float32Array, root = 0): void {
    checkData(data);
    checkRank(root, this.size, "root");
    this.#call("broadcast", data.length, root, () => {
      for (const chunk of this.#chunks(data)) {
        const slot = this.#slots[root]![this.#barrier.phase % SLOTS]!;
        if (this.rank === root) slot.set(chunk);
        this.#wait();
        if (this.rank !== root) chunk.set(slot.subarray(0, chunk.length));
      }
    });
  }

  allGatherBytes(data: Uint8Array): Uint8Array[] {
    checkBytes(data);
    let all: Uint8Array[] = [];
    this.#call("allGatherBytes", data.length, 0, () => {
      all = this.#shareBytes(
        data,
        Array.from({ length: this.size }, (_, rank) => rank),
      );
    });
    return all;
  }

  broadcastBytes(data: Uint8Array | undefined, root = 0): Uint8Array {
    checkRank(root, this.size, "root");
    if (this.rank === root) checkBytes(data);
    const sent = this.rank === root ? data! : new Uint8Array(0);
    let received = sent;
    this.#call("broadcastBytes", sent.length, root, () => {
      [received] = this.#shareBytes(sent, [root]) as [Uint8Array];
    });
    return received;
  }

  barrier(): void {
    this.#call("barrier", 0, 0, () => this.#wait());
  }

  /** Waits until all ranks have joined. */
  join(): void {
    this.#call("join", 0, 0, () => this.#wait());
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#barrier.leave();
    this.#release();
  }

  /** Shares each rank's bytes through its slots; gives those of `ranks`, whose lengths are known after the first barrier. */
  #shareBytes(own: Uint8Array, ranks: readonly number[]): Uint8Array[] {
    const slotBytes = 4 * this.#chunkLength;
    let all: Uint8Array[] = [];
    let longest = 0;
    for (let at = 0; at === 0 || at < longest; at += slotBytes) {
      const slot = this.#barrier.phase % SLOTS;
      bytesOf(this.#slots[this.rank]![slot]!).set(own.subarray(at, at + slotBytes));
      this.#wait();
      if (at === 0) {
        all = ranks.map((rank) => new Uint8Array(this.#calls![rank]!.length));
        longest = Math.max(...all.map(({ length }) => length));
      }
      ranks.forEach((rank, i) => {
        const rest = all[i]!.subarray(at);
        rest.set(bytesOf(this.#slots[rank]![slot]!).subarray(0, rest.length));
      });
    }
    return all;
  }

  #reduceShort(data: Float32Array): void {
    const slot = this.#barrier.phase % SLOTS;
    this.#slots[this.rank]![slot]!.set(data);
    this.#wait();
    sumInOrder(
      data,
      this.#slots.map((slots) => slots[slot]!),
    );
  }

  #reducePipelined(data: Float32Array): void {
    const chunks = this.#chunks(data);
    const first = this.#barrier.phase;
    const slotOf = (chunk: number) => (first + chunk) % SLOTS;
    for (let i = 0; i < chunks.length + 2; i++) {
      if (i < chunks.length) this.#copyIn(chunks[i]!, slotOf(i));
      if (i >= 1 && i <= chunks.length) this.#reducePart(chunks[i - 1]!, slotOf(i - 1));
      if (i >= 2) this.#copyOut(chunks[i - 2]!, slotOf(i - 2));
      // The last chunk goes out while the next call's first one comes in.
      if (i <= chunks.length) this.#wait();
    }
  }

  #copyIn(chunk: Float32Array, slot: number): void {
    const { start, end } = this.#partOf(this.rank, chunk.length);
    const own = this.#slots[this.rank]![slot]!;
    own.set(chunk.subarray(0, start));
    own.set(chunk.subarray(end), end);
  }

  #reducePart(chunk: Float32Array, slot: number): void {
    const { start, end } = this.#partOf(this.rank, chunk.length);
    const parts = this.#slots.map((slots) => slots[slot]!.subarray(start, end));
    // A rank does not copy its own part in: the sum goes there.
    const sum = parts[this.rank]!;
    const own = chunk.subarray(start, end);
    parts[this.rank] = own;
    sumInOrder(sum, parts);
    own.set(sum);
  }

  #copyOut(chunk: Float32Array, slot: number): void {
    for (let rank = 0; rank < this.size; rank++) {
      if (rank === this.rank) continue;
      const { start, end } = this.#partOf(rank, chunk.length);
      chunk.set(this.#slots[rank]![slot]!.subarray(start, end), start);
    }
  }

  /** Which part of a chunk a rank sums. */
  #partOf(rank: number, length: number): { start: number; end: number } {
    const part = Math.ceil(length / this.size / ALIGN) * ALIGN;
    return { start: Math.min(rank * part, length), end: Math.min((rank + 1) * part, length) };
  }

  /** `data` in chunks that fit a slot; one at least, so that there is a barrier even for no numbers. */
  #chunks(data: Float32Array): Float32Array[] {
    const count = Math.max(1, Math.ceil(data.length / this.#chunkLength));
    return Array.from({ length: count }, (_, i) => data.subarray(i * this.#chunkLength, (i + 1) * this.#chunkLength));
  }

  #call(name: CallName, length: number, root: number, run: () => void): void {
    if (this.#disposed) throw disposedError();
    if (this.#broken) throw brokenError(this.#broken);
    this.#name = name;
    this.#calls = undefined;
    const at = this.#callAt(this.rank);
    this.#control[at] = CALLS.indexOf(name);
    this.#control[at + 1] = length;
    this.#control[at + 2] = root;
    try {
      this.#barrier.check(name);
      run();
    } catch (error) {
      if (error instanceof CollectiveError) this.#broken = error;
      throw error;
    }
  }

  /** Waits at the barrier; the first time in a call, also checks that all ranks make the same one. */
  #wait(): void {
    const at = this.#callAt(0);
    this.#barrier.wait(this.#name);
    if (this.#calls) return;
    const control = this.#control;
    const calls = Array.from({ length: this.size }, (_, rank): Call => {
      const line = at + lineOf(rank) - lineOf(0);
      return { name: CALLS[control[line]!]!, length: control[line + 1]! >>> 0, root: control[line + 2]! };
    });
    checkSameCall(calls);
    this.#calls = calls;
  }

  /** Where a rank writes its next call. */
  #callAt(rank: number): number {
    return lineOf(rank) + CALL + 3 * (this.#barrier.phase % SLOTS);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
