import { cpus } from "node:os";
import { CollectiveError } from "../errors.ts";
import { deadError, timeoutError } from "../failures.ts";
import { nap } from "../nap.ts";
import type { Session } from "./session.ts";

/** How long to look without a pause while each rank has a processor. */
const SPIN_MS = 2;

/** Then naps of the first length, and of the second one after a while: messages move only while somebody looks. */
const SHORT_NAP_MS = 0.05;
const LONG_NAP_MS = 1;
const LONG_AFTER_MS = 20;

/** How often to see whether the others are still alive. */
const LOOK_MS = 50;

/** A piece of an array on its way to or from a rank. */
export interface Piece {
  rank: number;
  data: Float32Array;
}

export interface MessagesOptions {
  session: Session;
  /** Tells this group's messages from others'. */
  tag: number;
  timeoutMs: number;
  /** How many ranks share this machine. */
  localSize: number;
  /** Whether the system knows that a rank has ended. */
  hasDied(rank: number): boolean;
}

/** Messages between ranks, none of which waits longer than it may: everything is started, then looked after. */
export class Messages {
  readonly #session: Session;
  readonly #tag: number;
  readonly #timeoutMs: number;
  readonly #hasDied: (rank: number) => boolean;
  readonly #spinMs: number;
  readonly #flag = new Int32Array(16);
  readonly #flagAddress: number;

  constructor({ session, tag, timeoutMs, localSize, hasDied }: MessagesOptions) {
    this.#session = session;
    this.#tag = tag;
    this.#flagAddress = session.mpi.addressOf(this.#flag);
    this.#timeoutMs = timeoutMs;
    this.#hasDied = hasDied;
    // All processors: mpirun binds each rank to its own, so that it sees but one.
    this.#spinMs = localSize <= cpus().length ? SPIN_MS : 0;
  }

  /** Gets all `incoming` pieces and sends all `outgoing` ones; empty ones do not travel. */
  exchange(incoming: readonly Piece[], outgoing: readonly Piece[], during: string): void {
    const { mpi } = this.#session;
    const full = (piece: Piece) => piece.data.length > 0;
    const pieces = [...incoming.filter(full), ...outgoing.filter(full)];
    const requests = this.#requests(pieces);
    const incomingCount = incoming.filter(full).length;
    pieces.forEach(({ rank, data }, i) => {
      const start = i < incomingCount ? mpi.Irecv : mpi.Isend;
      const address = mpi.addressOf(data);
      this.#check(start(address, data.length, mpi.float, rank, this.#tag, mpi.world, requests.address + 8 * i), during);
    });
    this.#finish(requests, during);
  }

  /**
   * Pieces to be exchanged again and again, which is quicker: for each of `lengths`, requests that send so much of each outgoing piece. What
   * comes in may have any of the lengths.
   */
  prepare(incoming: readonly Piece[], outgoing: readonly Piece[], lengths: readonly number[]): Requests[] {
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

  /** Calls `received` when all has come in but, after a while, something has not gone out: what came in may tell why. */
  exchangeAgain(requests: Requests, during: string, received: () => void): void {
    this.#check(this.#session.mpi.Startall(requests.pieces.length, requests.address), during);
    this.#finish(requests, during, received);
  }

  /** Sends the outgoing half only, and does not look after it. */
  sendAgain({ pieces, address }: Requests): void {
    const half = pieces.length / 2;
    this.#session.mpi.Startall(half, address + 8 * half);
  }

  #requests(pieces: readonly Piece[]): Requests {
    const handles = new BigUint64Array(Math.max(8, pieces.length));
    return { pieces, handles, address: this.#session.mpi.addressOf(handles) };
  }

  #finish(requests: Requests, during: string, received?: () => void): void {
    // Reading the clock takes as long as a look does.
    for (let i = 0; i < 50; i++) if (this.#test(requests, during)) return;
    const start = performance.now();
    let look = start + LOOK_MS;
    for (;;) {
      if (this.#test(requests, during)) return;
      const now = performance.now();
      if (now - start < this.#spinMs) continue;
      if (now >= look) {
        look = now + LOOK_MS;
        const missing = this.#missing(requests.pieces, requests.handles);
        const half = requests.pieces.length / 2;
        if (received && this.#missing(requests.pieces.slice(0, half), requests.handles).length === 0) received();
        const dead = missing.find((rank) => this.#hasDied(rank));
        if (dead !== undefined) throw deadError(dead, during);
        if (now - start >= this.#timeoutMs && missing.length > 0) throw timeoutError(missing, this.#timeoutMs, during);
      }
      nap(now - start < LONG_AFTER_MS ? SHORT_NAP_MS : LONG_NAP_MS);
    }
  }

  #test({ pieces, address }: Requests, during: string): boolean {
    this.#check(this.#session.mpi.Testall(pieces.length, address, this.#flagAddress, 0), during);
    return this.#flag[0] !== 0;
  }

  /** The ranks from which, or to which, something is still on its way. */
  #missing(pieces: readonly Piece[], handles: BigUint64Array): number[] {
    const ranks = new Set<number>();
    pieces.forEach(({ rank }, i) => {
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

/** Pieces on their way, or ready to go, and MPI's handles for them. */
export interface Requests {
  readonly pieces: readonly Piece[];
  readonly handles: BigUint64Array;
  readonly address: number;
}
