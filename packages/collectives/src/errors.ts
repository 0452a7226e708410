import { type Explanation, SegError, type SegErrorOptions } from "@seg/errors";
import type { Call } from "./call.ts";

/**
 * What went wrong, for programs: `timeout` (a rank did not make the call in time), `dead` (a rank has ended), `unreachable` (its host does not answer any more), `mismatch` (ranks made different
 * calls, or with different lengths), `unavailable` (a library is missing or not usable), `option` (an option out of range), `disposed` (use after
 * `dispose`).
 */
export type CollectiveErrorCode =
  | "timeout"
  | "dead"
  | "unreachable"
  | "mismatch"
  | "unavailable"
  | "option"
  | "disposed";

/** The values behind a {@link CollectiveError}, of which each code has some. */
export interface CollectiveErrorData {
  /** The rank at fault, the first where there are several. */
  rank: number;
  /** `timeout`: all ranks that did not make the call. */
  ranks: readonly number[];
  /** `timeout`, `dead`, `unreachable`: the call that the others were in, such as `allReduce`. */
  during: string;
  /** `timeout`: how long they waited, in milliseconds. */
  timeoutMs: number;
  /** `mismatch`: what rank 0 called, and what `rank` called; or the sizes that they gave. */
  expected: Call | number;
  /** `mismatch`: see `expected`. `option`: what was given, or its type where that is wrong. */
  received: unknown;
  /** `option`: the option or argument that is wrong. */
  option: string;
  /** The name of a group of processes. */
  group: string;
  /** `unavailable`: the package or library that is missing or not usable, or the file that cannot be used. */
  package: string;
  library: string;
  file: string;
  /** `unavailable`: the system on which there is none. */
  platform: string;
}

/**
 * The one class of error that this package throws on purpose: `code` is stable, the message is one line for people, `data` holds the values.
 *
 * @example
 * ```ts
 * import { CollectiveError, createThreadGroup, joinThreadGroup } from "@seg/collectives";
 *
 * // Rank 1 never joins.
 * const group = joinThreadGroup(createThreadGroup({ size: 2, timeoutMs: 20 }), 0);
 * try {
 *   group.barrier();
 * } catch (error) {
 *   if (!(error instanceof CollectiveError)) throw error;
 *   console.log(error.code, error.rank, error.data.during); // timeout 1 barrier
 * }
 * ```
 */
export class CollectiveError extends SegError<CollectiveErrorCode, Partial<CollectiveErrorData>> {
  /** The rank at fault, where one is known; that of `data`. */
  readonly rank: number | undefined;

  constructor(
    code: CollectiveErrorCode,
    explanation: Explanation | string,
    options?: SegErrorOptions<Partial<CollectiveErrorData>>,
  ) {
    super(code, explanation, options);
    this.rank = this.data.rank;
  }
}
