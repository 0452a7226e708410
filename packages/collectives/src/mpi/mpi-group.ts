import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity } from "@seg/node";
import { CALLS, type Call, type CallName } from "../call.ts";
import { CollectiveError } from "../errors.ts";
import { brokenError, checkSameCall, deadError, disposedError } from "../failures.ts";
import type { Group } from "../group.ts";
import { checkBytes, checkData, checkRank, checkTimeout, TIMEOUT_MS } from "../options.ts";
import { sumInOrder } from "../shared/sum.ts";
import { mpiLaunch } from "./launch.ts";
import { Messages, type Piece, type Requests } from "./messages.ts";
import { openSession, type Session } from "./session.ts";

export interface MpiGroupOptions {
  /** How long a call waits for the others, in milliseconds; 10 000 unless given. `Infinity` waits for ever. */
  timeoutMs?: number;
  /** The path of Open MPI's library; what the system finds unless given. */
  library?: string;
}

/** A call goes ahead of its numbers or bytes, in this many places: which call, the length's lower and upper half, the root. */
const HEAD = 4;

/**
 * Each call begins with a message from each to each, with the numbers if they fit. It has one of these lengths; the first ones stay below the 4096
 * bytes that Open MPI sends without asking. The longest ones are for few ranks, as all send them to all.
 */
const FRAMES = [72, 136, 264, 520, 992, 1032, 2056, 4104, 8200];
const FRAMES_TOTAL = 16_384;

/** Vectors are summed in pieces of this length, which bounds the extra memory: as much again. */
const CHUNK = 2 ** 22;

/** In place of a call: the rank leaves. */
const LEAVING = -1;

/**
 * The group of all processes that `mpirun` or `srun` has started, over Open MPI. All of them call this, in the same order if more than once.
 * MPI ends when the process does; it cannot be started again.
 *
 * @throws {CollectiveError} `unavailable` without koffi or Open MPI; `option`; `timeout` or `dead` if a rank does not come.
 */
export function joinMpiGroup({ timeoutMs = TIMEOUT_MS, library }: MpiGroupOptions = {}): Group {
  checkTimeout(timeoutMs);
  return new MpiGroup(openSession(library, timeoutMs), timeoutMs);
}

/**
 * Sums over messages: each rank gets the others' shares of its own part, adds them in rank order, and sends the sum to all. `MPI_Allreduce` itself
 * adds in an order that depends on the library, the length and the number of ranks, and does not return while a rank is missing.
 */
class MpiGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly #session: Session;
  readonly #messages: Messages;
  readonly #frames: readonly Float32Array[];
  readonly #heads: readonly Int32Array[];
  readonly #bodies: readonly Float32Array[];
  readonly #frameLengths: readonly number[];
  readonly #prepared: readonly Requests[];
  #name: CallName = "join";
  #staging: Float32Array = new Float32Array(0);
  #identities: readonly ProcessIdentity[] = [];
  #broken: CollectiveError | undefined;
  #disposed = false;

  constructor(session: Session, timeoutMs: number) {
    const { rank, size } = session;
    this.rank = rank;
    this.size = size;
    this.#session = session;
    this.#messages = new Messages({
      session,
      tag: 2 * session.groups++,
      timeoutMs,
      localSize: mpiLaunch()?.localSize ?? size,
      hasDied: (other) => this.#hasDied(other),
    });
    this.#frameLengths = FRAMES.filter((length) => length < 1000 || length * size <= FRAMES_TOTAL);
    this.#frames = Array.from({ length: size }, () => new Float32Array(this.#frameLengths.at(-1)!));
    this.#heads = this.#frames.map(({ buffer }) => new Int32Array(buffer, 0, HEAD));
    this.#bodies = this.#frames.map((frame) => frame.subarray(HEAD));
    this.#prepared = this.#messages.prepare(
      this.#others((other) => this.#frames[other]!),
      this.#others(() => this.#frames[rank]!),
      this.#frameLengths,
    );
    this.#call("join", 0, 0, () => this.#introduce());
  }

  allReduce(data: Float32Array): void {
    checkData(data);
    this.#call("allReduce", data.length, 0, () => {
      this.#meet(data);
      if (this.#fits(data)) sumInOrder(data, this.#bodies);
      else for (let at = 0; at < data.length; at += CHUNK) this.#sum(data.subarray(at, at + CHUNK));
    });
  }

  allGather(data: Float32Array): Float32Array {
    checkData(data);
    const all = new Float32Array(this.size * data.length);
    const row = (rank: number) => all.subarray(rank * data.length, (rank + 1) * data.length);
    row(this.rank).set(data);
    this.#call("allGather", data.length, 0, () => {
      this.#meet(data);
      if (this.#fits(data)) this.#bodies.forEach((body, rank) => void row(rank).set(body.subarray(0, data.length)));
      else
        this.#exchange(
          this.#others(row),
          this.#others(() => data),
        );
    });
    return all;
  }

  broadcast(data: Float32Array, root = 0): void {
    checkData(data);
    checkRank(root, this.size, "root");
    this.#call("broadcast", data.length, root, () => {
      this.#meet(data);
      if (this.#fits(data)) data.set(this.#bodies[root]!.subarray(0, data.length));
      else this.#spread(data, root);
    });
  }

  allGatherBytes(data: Uint8Array): Uint8Array[] {
    checkBytes(data);
    let all: Float32Array[] = [];
    let lengths: number[] = [];
    this.#call("allGatherBytes", data.length, 0, () => {
      const mine = asFloats(data);
      this.#meet(mine);
      lengths = this.#calls().map(({ length }) => length);
      all = lengths.map((length, rank) => (rank === this.rank ? mine : new Float32Array(floatsFor(length))));
      // What fits came with the call.
      all.forEach((floats, rank) => {
        if (this.#fits(floats)) floats.set(this.#bodies[rank]!.subarray(0, floats.length));
      });
      this.#exchange(
        this.#others((rank) => all[rank]!).filter(({ data }) => !this.#fits(data)),
        this.#fits(mine) ? [] : this.#others(() => mine),
      );
    });
    return all.map((floats, rank) => asBytes(floats, lengths[rank]!));
  }

  broadcastBytes(data: Uint8Array | undefined, root = 0): Uint8Array {
    checkRank(root, this.size, "root");
    if (this.rank === root) checkBytes(data);
    const own = this.rank === root ? data! : new Uint8Array(0);
    let floats = asFloats(own);
    let length = 0;
    this.#call("broadcastBytes", own.length, root, () => {
      this.#meet(floats);
      length = this.#calls()[root]!.length;
      if (this.rank !== root) floats = new Float32Array(floatsFor(length));
      if (this.#fits(floats)) floats.set(this.#bodies[root]!.subarray(0, floats.length));
      else this.#spread(floats, root);
    });
    return asBytes(floats, length);
  }

  barrier(): void {
    this.#call("barrier", 0, 0, () => this.#meet());
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#broken) return;
    // So that nobody waits for it in vain.
    this.#heads[this.rank]![0] = LEAVING;
    this.#messages.sendAgain(this.#prepared[0]!);
  }

  /** Each rank tells which process it is, and on which machine. */
  #introduce(): void {
    const cards = this.#bodies.map(({ buffer, byteOffset }) => new Int32Array(buffer, byteOffset, IDENTITY_LENGTH + 1));
    cards[this.rank]!.set([...ownIdentity(), numberOf(hostname())]);
    this.#meet();
    const here = numberOf(hostname());
    this.#identities = cards.map((card) => (card[IDENTITY_LENGTH] === here ? identityFrom(card) : ELSEWHERE));
    this.#session.someoneDied = () => this.#identities.some(hasEnded);
  }

  /** Sums a piece of a vector: first everyone's shares of this rank's part come here, then the sums of the parts go everywhere. */
  #sum(chunk: Float32Array): void {
    const partOf = (rank: number) => partOfChunk(chunk, rank, this.size);
    const mine = partOf(this.rank);
    const room = this.size * mine.length;
    if (this.#staging.length < room) this.#staging = new Float32Array(room);
    const shares = Array.from({ length: this.size }, (_, rank) =>
      this.#staging.subarray(rank * mine.length, (rank + 1) * mine.length),
    );
    this.#exchange(
      this.#others((rank) => shares[rank]!),
      this.#others(partOf),
    );
    const own = shares[this.rank]!;
    if (this.rank < 4) shares[this.rank] = mine;
    else own.set(mine);
    sumInOrder(mine, shares);
    this.#exchange(
      this.#others(partOf),
      this.#others(() => mine),
    );
  }

  /** The root sends each rank its part; then all send their parts to all. That takes no longer for many ranks than for two. */
  #spread(data: Float32Array, root: number): void {
    const partOf = (rank: number) => partOfChunk(data, rank, this.size);
    const mine = partOf(this.rank);
    if (this.rank === root) {
      this.#exchange([], this.#others(partOf));
      this.#exchange(
        [],
        this.#others(() => mine),
      );
      return;
    }
    const toPeers = this.#others(() => mine).filter(({ rank }) => rank !== root);
    this.#exchange([{ rank: root, data: mine }], []);
    this.#exchange(this.#others(partOf), toPeers);
  }

  #exchange(incoming: readonly Piece[], outgoing: readonly Piece[]): void {
    this.#messages.exchange(incoming, outgoing, this.#name);
  }

  /** A piece for each other rank, the next one first, so that not all send to the same one. */
  #others(data: (rank: number) => Float32Array): Piece[] {
    return Array.from({ length: this.size - 1 }, (_, i) => {
      const rank = (this.rank + 1 + i) % this.size;
      return { rank, data: data(rank) };
    });
  }

  #fits(data: Float32Array): boolean {
    return data.length <= this.#bodies[0]!.length;
  }

  /** Exchanges the heads of a call, and `data` if it fits; sees that all ranks make the same call. */
  #meet(data?: Float32Array): void {
    let length = HEAD;
    if (data && this.#fits(data)) {
      this.#bodies[this.rank]!.set(data);
      length += data.length;
    }
    const frame = this.#frameLengths.findIndex((frameLength) => length <= frameLength);
    this.#messages.exchangeAgain(this.#prepared[frame]!, this.#name, () => this.#seekLeaving());
    const mine = this.#heads[this.rank]!;
    for (const head of this.#heads)
      if (head[0] !== mine[0] || head[1] !== mine[1] || head[2] !== mine[2] || head[3] !== mine[3]) this.#tellApart();
  }

  #seekLeaving(): void {
    const rank = this.#heads.findIndex((head) => head[0] === LEAVING);
    if (rank >= 0) throw deadError(rank, this.#name);
  }

  #tellApart(): void {
    this.#seekLeaving();
    checkSameCall(this.#calls());
  }

  /** What all ranks called, in rank order, as their heads say. */
  #calls(): Call[] {
    return this.#heads.map(
      ([call, low, high, root]): Call => ({ name: CALLS[call!]!, length: high! * 2 ** 31 + low!, root: root! }),
    );
  }

  #call(name: CallName, length: number, root: number, run: () => void): void {
    if (this.#disposed) throw disposedError();
    if (this.#broken) throw brokenError(this.#broken);
    this.#name = name;
    this.#heads[this.rank]!.set([CALLS.indexOf(name), length % 2 ** 31, Math.floor(length / 2 ** 31), root]);
    try {
      run();
    } catch (error) {
      if (error instanceof CollectiveError) {
        this.#broken = error;
        this.#session.broken = true;
      }
      throw error;
    }
  }

  #hasDied(rank: number): boolean {
    const identity = this.#identities[rank];
    return identity !== undefined && hasEnded(identity);
  }
}

/** A process on another machine cannot be looked after. */
const ELSEWHERE: ProcessIdentity = [0, 0, 0];

function identityFrom(card: Int32Array): ProcessIdentity {
  return [...card.subarray(0, IDENTITY_LENGTH)] as unknown as ProcessIdentity;
}

/** How many float32 numbers take the memory of so many bytes. */
const floatsFor = (bytes: number) => Math.ceil(bytes / 4);

/** A copy of bytes in the memory of numbers, as which messages carry them: they are copied and sent, never computed with. */
function asFloats(bytes: Uint8Array): Float32Array {
  const floats = new Float32Array(floatsFor(bytes.length));
  asBytes(floats, bytes.length).set(bytes);
  return floats;
}

/** The first `length` bytes in the memory of numbers. */
const asBytes = ({ buffer, byteOffset }: Float32Array, length: number) => new Uint8Array(buffer, byteOffset, length);

function numberOf(text: string): number {
  return createHash("sha256").update(text).digest().readInt32LE();
}

function partOfChunk(chunk: Float32Array, rank: number, size: number): Float32Array {
  const length = Math.ceil(chunk.length / size);
  return chunk.subarray(rank * length, (rank + 1) * length);
}
