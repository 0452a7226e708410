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
  readonly #flag = new Int32Array(1);

  constructor({ session, tag, timeoutMs, localSize, hasDied }: MessagesOptions) {
    this.#session = session;
    this.#tag = tag;
    this.#timeoutMs = timeoutMs;
    this.#hasDied = hasDied;
    // All processors: mpirun binds each rank to its own, so that it sees but one.
    this.#spinMs = localSize <= cpus().length ? SPIN_MS : 0;
  }

  /** Gets all `incoming` pieces and sends all `outgoing` ones; empty ones do not travel. */
  exchange(incoming: readonly Piece[], outgoing: readonly Piece[], during: string): void {
    const { mpi } = this.#session;
    const full = (piece: Piece) => piece.data.length > 0;
    const ins = incoming.filter(full);
    const outs = outgoing.filter(full);
    const requests = new BigUint64Array(ins.length + outs.length);
    ins.forEach(({ rank, data }, i) => {
      this.#check(mpi.Irecv(data, data.length, mpi.float, rank, this.#tag, mpi.world, requests.subarray(i)), during);
    });
    outs.forEach(({ rank, data }, i) => {
      const request = requests.subarray(ins.length + i);
      this.#check(mpi.Isend(data, data.length, mpi.float, rank, this.#tag, mpi.world, request), during);
    });
    this.#finish(requests, [...ins, ...outs], during);
  }

  /** The same pieces to be exchanged again and again, as `exchangeAgain` then does: quicker for short ones. */
  prepare(incoming: readonly Piece[], outgoing: readonly Piece[]): Prepared {
    const { mpi } = this.#session;
    const requests = new BigUint64Array(incoming.length + outgoing.length);
    const pieces = [...incoming, ...outgoing];
    pieces.forEach(({ rank, data }, i) => {
      const init = i < incoming.length ? mpi.Recv_init : mpi.Send_init;
      this.#check(init(data, data.length, mpi.float, rank, this.#tag + 1, mpi.world, requests.subarray(i)), "join");
    });
    return { requests, pieces, sends: requests.subarray(incoming.length) };
  }

  exchangeAgain({ requests, pieces }: Prepared, during: string): void {
    this.#check(this.#session.mpi.Startall(requests.length, requests), during);
    this.#finish(requests, pieces, during);
  }

  /** Sends the outgoing pieces only, and does not look after them. */
  sendAgain({ sends }: Prepared): void {
    this.#session.mpi.Startall(sends.length, sends);
  }

  #finish(requests: BigUint64Array, pieces: readonly Piece[], during: string): void {
    if (requests.length === 0) return;
    if (this.#test(requests, during)) return;
    const start = performance.now();
    let look = start + LOOK_MS;
    for (;;) {
      if (this.#test(requests, during)) return;
      const now = performance.now();
      if (now - start < this.#spinMs) continue;
      if (now >= look) {
        look = now + LOOK_MS;
        const missing = this.#missing(requests, pieces);
        const dead = missing.find((rank) => this.#hasDied(rank));
        if (dead !== undefined) throw deadError(dead, during);
        if (now - start >= this.#timeoutMs && missing.length > 0) throw timeoutError(missing, this.#timeoutMs, during);
      }
      nap(now - start < LONG_AFTER_MS ? SHORT_NAP_MS : LONG_NAP_MS);
    }
  }

  #test(requests: BigUint64Array, during: string): boolean {
    this.#check(this.#session.mpi.Testall(requests.length, requests, this.#flag, null), during);
    return this.#flag[0] !== 0;
  }

  /** The ranks from which, or to which, something is still on its way. */
  #missing(requests: BigUint64Array, pieces: readonly Piece[]): number[] {
    const ranks = new Set<number>();
    pieces.forEach(({ rank }, i) => {
      this.#check(this.#session.mpi.Request_get_status(requests[i]!, this.#flag, null), "a message");
      if (this.#flag[0] === 0) ranks.add(rank);
    });
    return [...ranks].sort((a, b) => a - b);
  }

  #check(error: number, during: string): void {
    if (error === 0) return;
    const text = new Uint8Array(1024);
    const length = new Int32Array(1);
    this.#session.mpi.Error_string(error, text, length);
    const said = new TextDecoder().decode(text.subarray(0, length[0]));
    throw new CollectiveError("dead", `Expected MPI to carry ${during} but it says: ${said}.`);
  }
}

/** Pieces that are ready to be exchanged. */
export interface Prepared {
  readonly requests: BigUint64Array;
  readonly sends: BigUint64Array;
  readonly pieces: readonly Piece[];
}
