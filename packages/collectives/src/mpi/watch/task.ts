/** How a rank was lost: its process has ended, or its host does not answer any more. */
export type Loss = "ended" | "unreachable";

/** By the numbers that are kept for them in shared memory, from 1. */
export const LOSSES: readonly Loss[] = ["ended", "unreachable"];

/** Where rank 0 is found, and by what it and the others know each other. */
export interface Offer {
  addresses: readonly string[];
  port: number;
  tokens: Tokens;
}

/** What the others say first, and rank 0 then. */
interface Tokens {
  ask: string;
  answer: string;
}

/** What the watching thread is told. */
export interface WatcherTask {
  rank: number;
  size: number;
  tokens: Tokens;
  /** Int32: each rank's loss, then how the start went: rank 0's port, on the others 1; below 0 where it failed. */
  states: SharedArrayBuffer;
  /** Of rank 0, on the others. */
  offer?: Offer;
  /** On rank 0: ports to try, and the one address to listen on, if not all. */
  ports?: readonly number[];
  host?: string | undefined;
}
