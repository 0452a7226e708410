import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { bootId, hasEnded, IDENTITY_LENGTH, ownIdentity, type ProcessIdentity } from "@seg/node";
import { CALLS, type Call, type CallName, listRanks, listRanksOn, type NameRanks } from "../call.ts";
import { brokenError, checkSameCall, deadError, disposedError, unreachableError } from "../call-errors.ts";
import { CollectiveError } from "../errors.ts";
import type { Group } from "../group.ts";
import { gatherJson } from "../json.ts";
import { checkBytes, checkData, checkRank, checkTimeout, TIMEOUT_MS } from "../options.ts";
import { sumInOrder } from "../sum.ts";
import type { WaitingOptions } from "../waiting.ts";
import { mpiLaunch } from "./environment.ts";
import { type Message, PointToPoint, type Requests } from "./point-to-point.ts";
import { openSession, type Session } from "./session.ts";
import { startWatch } from "./watch/watch.ts";

/** Options of {@link joinMpiGroup}. */
export interface MpiGroupOptions extends WaitingOptions {
  /** How long a call waits for the others, in milliseconds; 10 000 unless given. `Infinity` waits for ever. */
  timeoutMs?: number;
  /** The path of Open MPI's library; what the dynamic linker finds unless given. */
  library?: string;
}

/** A group of MPI ranks. */
export interface MpiGroup extends Group {
  /** Each rank's host name, where there are several hosts. */
  readonly hosts: readonly string[] | undefined;
  /** Aborted by a {@link CollectiveError} when a rank on another host is lost, for whoever waits for other things than calls of the group. */
  readonly lost: AbortSignal;
}

/** Length of a frame's header, in 32-bit words: which call, the length's lower and upper half, the root. */
const HEADER_LENGTH = 4;

/**
 * Each call begins with a frame from each rank to each: a header, then the data as payload if they fit. It has one of these lengths, in 32-bit
 * words; the first ones stay below Open MPI's eager limit of 4096 bytes. The longest ones are for few ranks, as all send them to all.
 */
const FRAMES = [72, 136, 264, 520, 992, 1032, 2056, 4104, 8200];
const FRAMES_TOTAL = 16_384;

/** Vectors are all-reduced in chunks of this length, which bounds the extra memory: as much again. */
const CHUNK_LENGTH = 2 ** 22;

/** Instead of a call's number: the rank leaves the group. */
const LEAVING = -1;

/**
 * The group of all ranks that `mpirun` or `srun` has started (MPI_COMM_WORLD), over Open MPI. All of them call this, in the same order if more
 * than once. MPI is finalized when the process exits; it cannot be initialized again.
 *
 * @throws {CollectiveError} `unavailable` without koffi or Open MPI; `option`; `timeout` or `dead` if a rank does not come.
 *
 * @example
 * ```ts
 * import { isMpiLaunch, joinMpiGroup, single } from "@seg/collectives";
 *
 * // `mpirun -n 4 node sum.mjs` starts four ranks; without it there is one, which needs no MPI.
 * const group = isMpiLaunch() ? joinMpiGroup() : single;
 * const sum = Float32Array.of(group.rank + 1);
 * group.allReduce(sum);
 * console.log(sum[0] === (group.size * (group.size + 1)) / 2); // true
 * group.dispose();
 * ```
 */
export function joinMpiGroup({ timeoutMs = TIMEOUT_MS, library, ...waiting }: MpiGroupOptions = {}): MpiGroup {
  checkTimeout(timeoutMs);
  return new GroupOverMpi(openSession(library, timeoutMs), timeoutMs, waiting);
}

/**
 * Collectives over point-to-point messages. All-reduce is reduce-scatter in rank order, then all-gather: `MPI_Allreduce` itself sums in an order
 * that depends on the library, the length and the number of ranks, and does not return while a rank is missing.
 */
class GroupOverMpi implements MpiGroup {
  readonly rank: number;
  readonly size: number;
  readonly #session: Session;
  readonly #messages: PointToPoint;
  readonly #frames: readonly Float32Array[];
  readonly #headers: readonly Int32Array[];
  readonly #payloads: readonly Float32Array[];
  readonly #frameLengths: readonly number[];
  readonly #persistent: readonly Requests[];
  #name: CallName = "join";
  #receiveBuffer: Float32Array = new Float32Array(0);
  #identities: readonly ProcessIdentity[] = [];
  #machines: ReadonlySet<number> = new Set();
  readonly #lost = new AbortController();
  #broken: CollectiveError | undefined;
  #disposed = false;

  constructor(session: Session, timeoutMs: number, waiting: WaitingOptions) {
    const { rank, size } = session;
    this.rank = rank;
    this.size = size;
    this.#session = session;
    this.#messages = new PointToPoint({
      session,
      tag: 2 * session.groups++,
      timeoutMs,
      localSize: mpiLaunch()?.localSize ?? size,
      lossOf: (other, during) => this.#lossOf(other, during),
      name: this.#nameRanks,
      ...waiting,
    });
    this.#frameLengths = FRAMES.filter((length) => length < 1000 || length * size <= FRAMES_TOTAL);
    this.#frames = Array.from({ length: size }, () => new Float32Array(this.#frameLengths.at(-1)!));
    this.#headers = this.#frames.map(({ buffer }) => new Int32Array(buffer, 0, HEADER_LENGTH));
    this.#payloads = this.#frames.map((frame) => frame.subarray(HEADER_LENGTH));
    this.#persistent = this.#messages.persistentRequests(
      this.#peers((other) => this.#frames[other]!),
      this.#peers(() => this.#frames[rank]!),
      this.#frameLengths,
    );
    this.#call("join", 0, 0, () => this.#exchangeIdentities());
    if (this.#machines.size > 1 && !session.hosts) {
      session.hosts = gatherJson(hostname(), this);
      session.watch = startWatch(this);
    }
    if (session.watch) session.watch.onLoss = (other) => this.#lost.abort(this.#lossOf(other, "the end"));
  }

  get hosts(): readonly string[] | undefined {
    return this.#session.hosts;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  allReduce(data: Float32Array): void {
    checkData(data);
    this.#call("allReduce", data.length, 0, () => {
      this.#exchangeFrames(data);
      if (this.#fits(data)) sumInOrder(data, this.#payloads);
      else
        for (let at = 0; at < data.length; at += CHUNK_LENGTH)
          this.#reduceScatterAllGather(data.subarray(at, at + CHUNK_LENGTH));
    });
  }

  allGather(data: Float32Array): Float32Array {
    checkData(data);
    const all = new Float32Array(this.size * data.length);
    const row = (rank: number) => all.subarray(rank * data.length, (rank + 1) * data.length);
    row(this.rank).set(data);
    this.#call("allGather", data.length, 0, () => {
      this.#exchangeFrames(data);
      if (this.#fits(data))
        this.#payloads.forEach((payload, rank) => void row(rank).set(payload.subarray(0, data.length)));
      else
        this.#exchange(
          this.#peers(row),
          this.#peers(() => data),
        );
    });
    return all;
  }

  broadcast(data: Float32Array, root = 0): void {
    checkData(data);
    checkRank(root, this.size, "root");
    this.#call("broadcast", data.length, root, () => {
      this.#exchangeFrames(data);
      if (this.#fits(data)) data.set(this.#payloads[root]!.subarray(0, data.length));
      else this.#scatterAllGather(data, root);
    });
  }

  allGatherBytes(data: Uint8Array): Uint8Array[] {
    checkBytes(data);
    let all: Float32Array[] = [];
    let lengths: number[] = [];
    this.#call("allGatherBytes", data.length, 0, () => {
      const mine = asFloats(data);
      this.#exchangeFrames(mine);
      lengths = this.#calls().map(({ length }) => length);
      all = lengths.map((length, rank) => (rank === this.rank ? mine : new Float32Array(floatsFor(length))));
      // Short data came as a frame's payload.
      all.forEach((floats, rank) => {
        if (this.#fits(floats)) floats.set(this.#payloads[rank]!.subarray(0, floats.length));
      });
      this.#exchange(
        this.#peers((rank) => all[rank]!).filter(({ data }) => !this.#fits(data)),
        this.#fits(mine) ? [] : this.#peers(() => mine),
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
      this.#exchangeFrames(floats);
      length = this.#calls()[root]!.length;
      if (this.rank !== root) floats = new Float32Array(floatsFor(length));
      if (this.#fits(floats)) floats.set(this.#payloads[root]!.subarray(0, floats.length));
      else this.#scatterAllGather(floats, root);
    });
    return asBytes(floats, length);
  }

  barrier(): void {
    this.#call("barrier", 0, 0, () => this.#exchangeFrames());
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#broken) return;
    // So that the others fail at once.
    this.#headers[this.rank]![0] = LEAVING;
    this.#messages.sendPersistent(this.#persistent[0]!);
  }

  /** All-gathers which process each rank is, and on which machine. */
  #exchangeIdentities(): void {
    const records = this.#payloads.map(
      ({ buffer, byteOffset }) => new Int32Array(buffer, byteOffset, IDENTITY_LENGTH + 1),
    );
    const here = hashOf(ownMachine());
    records[this.rank]!.set([...ownIdentity(), here]);
    this.#exchangeFrames();
    this.#machines = new Set(records.map((record) => record[IDENTITY_LENGTH]!));
    this.#identities = records.map((record) => (record[IDENTITY_LENGTH] === here ? identityFrom(record) : ELSEWHERE));
    this.#session.hasAnyDied = () => this.#identities.some((_, rank) => this.#lossOf(rank, "the end") !== undefined);
  }

  /** All-reduces a chunk: reduce-scatter, by which each rank has the sum of its part, then all-gather of the parts. */
  #reduceScatterAllGather(chunk: Float32Array): void {
    const partOf = (rank: number) => partOfChunk(chunk, rank, this.size);
    const mine = partOf(this.rank);
    const needed = this.size * mine.length;
    if (this.#receiveBuffer.length < needed) this.#receiveBuffer = new Float32Array(needed);
    const terms = Array.from({ length: this.size }, (_, rank) =>
      this.#receiveBuffer.subarray(rank * mine.length, (rank + 1) * mine.length),
    );
    this.#exchange(
      this.#peers((rank) => terms[rank]!),
      this.#peers(partOf),
    );
    const own = terms[this.rank]!;
    if (this.rank < 4) terms[this.rank] = mine;
    else own.set(mine);
    sumInOrder(mine, terms);
    this.#exchange(
      this.#peers(partOf),
      this.#peers(() => mine),
    );
  }

  /** Long broadcast: scatter, then all-gather. That takes no longer for many ranks than for two. */
  #scatterAllGather(data: Float32Array, root: number): void {
    const partOf = (rank: number) => partOfChunk(data, rank, this.size);
    const mine = partOf(this.rank);
    if (this.rank === root) {
      this.#exchange([], this.#peers(partOf));
      this.#exchange(
        [],
        this.#peers(() => mine),
      );
      return;
    }
    const toPeers = this.#peers(() => mine).filter(({ rank }) => rank !== root);
    this.#exchange([{ rank: root, data: mine }], []);
    this.#exchange(this.#peers(partOf), toPeers);
  }

  #exchange(incoming: readonly Message[], outgoing: readonly Message[]): void {
    this.#messages.exchange(incoming, outgoing, this.#name);
  }

  /** A message for each other rank, the next one first, so that not all send to the same one. */
  #peers(data: (rank: number) => Float32Array): Message[] {
    return Array.from({ length: this.size - 1 }, (_, i) => {
      const rank = (this.rank + 1 + i) % this.size;
      return { rank, data: data(rank) };
    });
  }

  #fits(data: Float32Array): boolean {
    return data.length <= this.#payloads[0]!.length;
  }

  /** Exchanges the frames of a call, with `data` as payload if they fit; checks that all ranks make the same call. */
  #exchangeFrames(data?: Float32Array): void {
    let length = HEADER_LENGTH;
    if (data && this.#fits(data)) {
      this.#payloads[this.rank]!.set(data);
      length += data.length;
    }
    const frame = this.#frameLengths.findIndex((frameLength) => length <= frameLength);
    this.#messages.exchangePersistent(this.#persistent[frame]!, this.#name, () => this.#checkLeft());
    const mine = this.#headers[this.rank]!;
    for (const header of this.#headers)
      if (header[0] !== mine[0] || header[1] !== mine[1] || header[2] !== mine[2] || header[3] !== mine[3])
        this.#checkSameCall();
  }

  #checkLeft(): void {
    const rank = this.#headers.findIndex((header) => header[0] === LEAVING);
    if (rank >= 0) throw deadError(rank, this.#name, this.#nameRanks);
  }

  #checkSameCall(): void {
    this.#checkLeft();
    checkSameCall(this.#calls(), this.#nameRanks);
  }

  /** What all ranks called, in rank order, by their headers. */
  #calls(): Call[] {
    return this.#headers.map(
      ([call, low, high, root]): Call => ({ name: CALLS[call!]!, length: high! * 2 ** 31 + low!, root: root! }),
    );
  }

  #call(name: CallName, length: number, root: number, run: () => void): void {
    if (this.#disposed) throw disposedError();
    if (this.#broken) throw brokenError(this.#broken);
    this.#name = name;
    this.#headers[this.rank]!.set([CALLS.indexOf(name), length % 2 ** 31, Math.floor(length / 2 ** 31), root]);
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

  #lossOf(rank: number, during: string): CollectiveError | undefined {
    const identity = this.#identities[rank];
    const loss = identity && hasEnded(identity) ? "ended" : this.#session.watch?.lossOf(rank);
    if (loss === "ended") return deadError(rank, during, this.#nameRanks);
    return loss && unreachableError(rank, during, this.#nameRanks);
  }

  readonly #nameRanks: NameRanks = (ranks) => {
    const { hosts } = this.#session;
    return hosts ? listRanksOn(ranks, hosts) : listRanks(ranks);
  };
}

/** The liveness of a process on another machine cannot be checked. */
const ELSEWHERE: ProcessIdentity = [0, 0, 0];

function identityFrom(record: Int32Array): ProcessIdentity {
  return [...record.subarray(0, IDENTITY_LENGTH)] as unknown as ProcessIdentity;
}

/** How many float32 numbers take the memory of so many bytes. */
const floatsFor = (bytes: number) => Math.ceil(bytes / 4);

/** A copy of bytes in the memory of numbers, the type of all messages: they are copied and sent, never computed with. */
function asFloats(bytes: Uint8Array): Float32Array {
  const floats = new Float32Array(floatsFor(bytes.length));
  asBytes(floats, bytes.length).set(bytes);
  return floats;
}

/** The first `length` bytes in the memory of numbers. */
const asBytes = ({ buffer, byteOffset }: Float32Array, length: number) => new Uint8Array(buffer, byteOffset, length);

/** What no other machine has: names may be the same, such as `localhost`. */
const ownMachine = () => `${hostname()} ${bootId()}`;

function hashOf(text: string): number {
  return createHash("sha256").update(text).digest().readInt32LE();
}

function partOfChunk(chunk: Float32Array, rank: number, size: number): Float32Array {
  const length = Math.ceil(chunk.length / size);
  return chunk.subarray(rank * length, (rank + 1) * length);
}
