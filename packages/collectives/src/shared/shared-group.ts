import { CALLS, type Call, type CallName } from "../call.ts";
import { CollectiveError } from "../errors.ts";
import { brokenError, checkSameCall, disposedError } from "../failures.ts";
import type { Group } from "../group.ts";
import { checkBytes, checkData, checkRank } from "../options.ts";
import { CALL, lineOf, SLOTS, slotsOf } from "./layout.ts";
import { Meeting } from "./meeting.ts";
import type { Sleeper } from "./sleeper.ts";
import { sumInOrder } from "./sum.ts";

/** Up to this length every rank sums everything itself: that is quicker than waiting once more for the others' parts. */
const SHORT = 8192;

/** Parts begin at multiples of this, a line of the processor's cache, so that ranks do not write to the same one. */
const ALIGN = 16;

export interface SharedGroupOptions {
  buffer: ArrayBufferLike;
  rank: number;
  size: number;
  chunkLength: number;
  timeoutMs: number;
  sleeper: Sleeper;
  /** Gives back what the group holds. */
  release(): void;
}

/**
 * A group over memory that all ranks see. Long vectors pass through it in chunks. A chunk takes three steps: every rank copies it into its
 * slot; each sums its own part of it; each copies the others' sums out. Three slots for each rank let three chunks be on their way, so that
 * ranks meet once for each chunk: at step s chunk s comes in while chunk s − 1 is summed and chunk s − 2 goes out.
 */
export class SharedGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly #control: Int32Array;
  readonly #slots: readonly (readonly Float32Array[])[];
  readonly #chunkLength: number;
  readonly #meeting: Meeting;
  readonly #release: () => void;
  #name: CallName = "join";
  /** What all ranks called, in rank order; undefined until they have met in this call. */
  #calls: readonly Call[] | undefined;
  #broken: CollectiveError | undefined;
  #disposed = false;

  constructor({ buffer, rank, size, chunkLength, timeoutMs, sleeper, release }: SharedGroupOptions) {
    this.rank = rank;
    this.size = size;
    this.#control = new Int32Array(buffer, 0, lineOf(size));
    this.#slots = slotsOf(buffer, size, chunkLength);
    this.#chunkLength = chunkLength;
    this.#meeting = new Meeting({ control: this.#control, rank, size, timeoutMs, sleeper });
    this.#release = release;
  }

  allReduce(data: Float32Array): void {
    checkData(data);
    this.#call("allReduce", data.length, 0, () => {
      if (data.length <= Math.min(SHORT, this.#chunkLength)) this.#sumShort(data);
      else this.#sumLong(data);
    });
  }

  allGather(data: Float32Array): Float32Array {
    checkData(data);
    const { rank, size } = this;
    const all = new Float32Array(size * data.length);
    this.#call("allGather", data.length, 0, () => {
      this.#chunks(data).forEach((chunk, i) => {
        const slot = this.#meeting.step % SLOTS;
        this.#slots[rank]![slot]!.set(chunk);
        this.#meet();
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
        const slot = this.#slots[root]![this.#meeting.step % SLOTS]!;
        if (this.rank === root) slot.set(chunk);
        this.#meet();
        if (this.rank !== root) chunk.set(slot.subarray(0, chunk.length));
      }
    });
  }

  allGatherBytes(data: Uint8Array): Uint8Array[] {
    checkBytes(data);
    let all: Uint8Array[] = [];
    this.#call("allGatherBytes", data.length, 0, () => {
      all = this.#passBytes(
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
      [received] = this.#passBytes(sent, [root]) as [Uint8Array];
    });
    return received;
  }

  barrier(): void {
    this.#call("barrier", 0, 0, () => this.#meet());
  }

  /** Waits until all ranks have joined. */
  join(): void {
    this.#call("join", 0, 0, () => this.#meet());
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#meeting.leave();
    this.#release();
  }

  /** Passes each rank's own bytes through its slots; gives those of `ranks`, whose lengths are known once all have met. */
  #passBytes(own: Uint8Array, ranks: readonly number[]): Uint8Array[] {
    const slotBytes = 4 * this.#chunkLength;
    let all: Uint8Array[] = [];
    let longest = 0;
    for (let at = 0; at === 0 || at < longest; at += slotBytes) {
      const slot = this.#meeting.step % SLOTS;
      bytesOf(this.#slots[this.rank]![slot]!).set(own.subarray(at, at + slotBytes));
      this.#meet();
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

  #sumShort(data: Float32Array): void {
    const slot = this.#meeting.step % SLOTS;
    this.#slots[this.rank]![slot]!.set(data);
    this.#meet();
    sumInOrder(
      data,
      this.#slots.map((slots) => slots[slot]!),
    );
  }

  #sumLong(data: Float32Array): void {
    const chunks = this.#chunks(data);
    const first = this.#meeting.step;
    const slotOf = (chunk: number) => (first + chunk) % SLOTS;
    for (let i = 0; i < chunks.length + 2; i++) {
      if (i < chunks.length) this.#putIn(chunks[i]!, slotOf(i));
      if (i >= 1 && i <= chunks.length) this.#sumPart(chunks[i - 1]!, slotOf(i - 1));
      if (i >= 2) this.#takeOut(chunks[i - 2]!, slotOf(i - 2));
      // The last chunk goes out while the next call's first one comes in.
      if (i <= chunks.length) this.#meet();
    }
  }

  #putIn(chunk: Float32Array, slot: number): void {
    const { start, end } = this.#partOf(this.rank, chunk.length);
    const mine = this.#slots[this.rank]![slot]!;
    mine.set(chunk.subarray(0, start));
    mine.set(chunk.subarray(end), end);
  }

  #sumPart(chunk: Float32Array, slot: number): void {
    const { start, end } = this.#partOf(this.rank, chunk.length);
    const parts = this.#slots.map((slots) => slots[slot]!.subarray(start, end));
    // A rank does not put its own part in, so that there is room for the sum.
    const sum = parts[this.rank]!;
    const own = chunk.subarray(start, end);
    parts[this.rank] = own;
    sumInOrder(sum, parts);
    own.set(sum);
  }

  #takeOut(chunk: Float32Array, slot: number): void {
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

  /** `data` in pieces that fit a slot; one at least, so that ranks meet even for no numbers. */
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
      this.#meeting.check(name);
      run();
    } catch (error) {
      if (error instanceof CollectiveError) this.#broken = error;
      throw error;
    }
  }

  /** Meets the others; the first time in a call, also sees that they make the same one. */
  #meet(): void {
    const at = this.#callAt(0);
    this.#meeting.meet(this.#name);
    if (this.#calls) return;
    const control = this.#control;
    const calls = Array.from({ length: this.size }, (_, rank): Call => {
      const line = at + lineOf(rank) - lineOf(0);
      return { name: CALLS[control[line]!]!, length: control[line + 1]! >>> 0, root: control[line + 2]! };
    });
    checkSameCall(calls);
    this.#calls = calls;
  }

  /** Where a rank writes down its next call. */
  #callAt(rank: number): number {
    return lineOf(rank) + CALL + 3 * (this.#meeting.step % SLOTS);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
