import { cpus } from "node:os";
import type { NameRanks } from "../call.ts";
import { timeoutError } from "../call-errors.ts";
import { CollectiveError } from "../errors.ts";
import { sleepSync } from "../sleep-sync.ts";
import { type WaitingOptions, WaitingTeller } from "../waiting.ts";
import type { Session } from "./session.ts";

/** How long to poll without a pause (spin) while each rank has a processor. */
const SPIN_MS = 2;

/** Then polls are this far apart, and after a while that far: MPI makes progress only within its calls. */
const SHORT_SLEEP_MS = 0.05;
const LONG_SLEEP_MS = 1;
const LONG_AFTER_MS = 20;

/** Polls in a row between pauses: MPI looks at its sockets only every so often. */
const POLLS = 8;

/** How often to check that the others are alive. */
const LIVENESS_MS = 50;

/** A message to or from a rank. */
export interface Message {
  rank: number;
  data: Float32Array;
}

export interface PointToPointOptions extends WaitingOptions {
  session: Session;
  /** MPI's message tag, and the one after it: each group has its own. */
  tag: number;
  timeoutMs: number;
  /** How many ranks share this machine. */
  localSize: number;
  /** The error for a rank that is known to be lost. */
  lossOf(rank: number, during: string): CollectiveError | undefined;
  /** Names ranks in messages. */
  name: NameRanks;
}

/** Point-to-point messages with a time limit: all are started non-blocking, then polled for completion. */
export class PointToPoint {
  readonly #session: Session;
  readonly #tag: number;
  readonly #timeoutMs: number;
  readonly #lossOf: PointToPointOptions["lossOf"];
  readonly #name: NameRanks;
  readonly #spinMs: number;
  readonly #teller: WaitingTeller;
  readonly #flag = new Int32Array(16);
  readonly #flagAddress: number;

  constructor({ session, tag, timeoutMs, localSize, lossOf, name, ...waiting }: PointToPointOptions) {
    this.#session = session;
    this.#tag = tag;
    this.#flagAddress = session.mpi.addressOf(this.#flag);
    this.#timeoutMs = timeoutMs;
    this.#lossOf = lossOf;
    this.#name = name;
    this.#teller = new WaitingTeller(session.rank, waiting);
    // All of the machine's processors: mpirun binds each rank to its own, so that availableParallelism is 1.
    this.#spinMs = localSize <= cpus().length ? SPIN_MS : 0;
  }

  /** Receives all `incoming` messages and sends all `outgoing` ones; empty ones are skipped. */
  exchange(incoming: readonly Message[], outgoing: readonly Message[], during: string): void {
    const { mpi } = this.#session;
    const isFull = (message: Message) => message.data.length > 0;
    const messages = [...incoming.filter(isFull), ...outgoing.filter(isFull)];
    const requests = this.#requests(messages);
    const incomingCount = incoming.filter(isFull).length;
    messages.forEach(({ rank, data }, i) => {
      const start = i < incomingCount ? mpi.Irecv : mpi.Isend;
      const address = mpi.addressOf(data);
      this.#check(start(address, data.length, mpi.float, rank, this.#tag, mpi.world, requests.address + 8 * i), during);
    });
    this.#complete(requests, during);
  }

  /**
   * Persistent requests, which are quicker to start: for each of `lengths`, requests that send that much of each outgoing message. Incoming
   * ones may have any of the lengths.
   */
  persistentRequests(
    incoming: readonly Message[],
    outgoing: readonly Message[],
    lengths: readonly number[],
  ): Requests[] {
    const { mpi } = this.#session;
    const tag = this.#tag + 1;
    const receiving = this.#requests(incoming);
    incoming.forEach(({ rank, data }, i) => {
      const address = mpi.addressOf(data);
      this.#check(
        mpi.Recv_init(address, data.length, mpi.float, rank, tag, mpi.world, receiving.address + 8 * i),
        "join",
      );
    });
    return lengths.map((length) => {
      const requests = this.#requests([...incoming, ...outgoing]);
      requests.handles.set(receiving.handles.subarray(0, incoming.length));
      outgoing.forEach(({ rank, data }, i) => {
        const request = requests.address + 8 * (incoming.length + i);
        this.#check(mpi.Send_init(mpi.addressOf(data), length, mpi.float, rank, tag, mpi.world, request), "join");
      });
      return requests;
    });
  }

  /**
   * Starts persistent requests and completes them. Calls `received` when, after a while, all is received but not all sent: the data may show that
   * a rank left.
   */
  exchangePersistent(requests: Requests, during: string, received: () => void): void {
    this.#check(this.#session.mpi.Startall(requests.messages.length, requests.address), during);
    this.#complete(requests, during, received);
  }

  /** Starts the sending half of persistent requests, without waiting for completion. */
  sendPersistent({ messages, address }: Requests): void {
    const half = messages.length / 2;
    this.#session.mpi.Startall(half, address + 8 * half);
  }

  #requests(messages: readonly Message[]): Requests {
    const handles = new BigUint64Array(Math.max(8, messages.length));
    return { messages, handles, address: this.#session.mpi.addressOf(handles) };
  }

  #complete(requests: Requests, during: string, received?: () => void): void {
    // Reading the clock takes as long as a poll does.
    for (let i = 0; i < 50; i++) if (this.#test(requests, during)) return;
    const start = performance.now();
    let nextCheck = start + LIVENESS_MS;
    const tell = this.#teller.begin(during);
    for (;;) {
      for (let i = 0; i < POLLS; i++) if (this.#test(requests, during)) return;
      const now = performance.now();
      if (now - start < this.#spinMs) continue;
      if (now >= nextCheck) {
        nextCheck = now + LIVENESS_MS;
        const missing = this.#missing(requests.messages, requests.handles);
        const half = requests.messages.length / 2;
        if (received && this.#missing(requests.messages.slice(0, half), requests.handles).length === 0) received();
        for (const rank of missing) {
          const loss = this.#lossOf(rank, during);
          if (loss) throw loss;
        }
        if (now - start >= this.#timeoutMs && missing.length > 0)
          throw timeoutError(missing, this.#timeoutMs, during, this.#name);
        tell(now - start, missing);
      }
      sleepSync(now - start < LONG_AFTER_MS ? SHORT_SLEEP_MS : LONG_SLEEP_MS);
    }
  }

  #test({ messages, address }: Requests, during: string): boolean {
    this.#check(this.#session.mpi.Testall(messages.length, address, this.#flagAddress, 0), during);
    return this.#flag[0] !== 0;
  }

  /** The ranks with which a message is incomplete. */
  #missing(messages: readonly Message[], handles: BigUint64Array): number[] {
    const ranks = new Set<number>();
    messages.forEach(({ rank }, i) => {
      this.#check(this.#session.mpi.Request_get_status(Number(handles[i]), this.#flagAddress, 0), "a message");
      if (this.#flag[0] === 0) ranks.add(rank);
    });
    return [...ranks].sort((a, b) => a - b);
  }

  #check(error: number, during: string): void {
    if (error === 0) return;
    const text = new Uint8Array(1024);
    const length = new Int32Array(16);
    this.#session.mpi.Error_string(error, this.#session.mpi.addressOf(text), this.#session.mpi.addressOf(length));
    const said = new TextDecoder().decode(text.subarray(0, length[0]));
    throw new CollectiveError(
      "dead",
      { expected: `MPI to carry ${during}`, but: `it says: ${said}` },
      { data: { during } },
    );
  }
}

/** Messages with their MPI_Requests. */
export interface Requests {
  readonly messages: readonly Message[];
  readonly handles: BigUint64Array;
  readonly address: number;
}
