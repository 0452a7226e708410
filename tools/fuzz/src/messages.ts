import { Random } from "./random.ts";

/** Cases that a child is to run, one after another. */
export interface ToChild {
  seed: string;
  format: string;
  from: number;
  /** The one after the last. */
  to: number;
}

/** What became of a case. */
export interface Outcome {
  index: number;
  kind: string;
  /** `accepted`, or the code of the refusal. */
  outcome: string;
  /** Seconds of the reading. */
  seconds: number;
  /** Bytes of memory at most, beyond what there was before, the files and the result. */
  peak: number;
  /** What is wrong; undefined where nothing is. */
  fault?: string | undefined;
}

/** What a child says. */
export type FromChild =
  | { type: "idle" }
  | { type: "reading"; index: number; kind: string; size: number }
  | ({ type: "done" } & Outcome);

/** The random numbers of a case: it follows from these three alone. */
export const randomOf = (seed: string, format: string, index: number): Random =>
  new Random(`${seed}:${format}:${index}`);
