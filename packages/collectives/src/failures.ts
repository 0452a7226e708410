import { type Call, describeCall, firstDifferent, listRanks } from "./call.ts";
import { CollectiveError } from "./errors.ts";

/** The error for a rank that has ended, or left the group. */
export function deadError(rank: number, during: string): CollectiveError {
  return new CollectiveError(
    "dead",
    `Expected all ranks to come to ${during} but rank ${rank} has ended or left the group.`,
    { rank },
  );
}

/** The error for ranks that did not come. */
export function timeoutError(ranks: readonly number[], timeoutMs: number, during: string): CollectiveError {
  const seconds = Number((timeoutMs / 1000).toPrecision(3));
  return new CollectiveError(
    "timeout",
    `Expected all ranks to come to ${during} within ${seconds} s but ${listRanks(ranks)} did not: ` +
      "see whether it stopped, or give a longer timeoutMs.",
    { rank: ranks[0]! },
  );
}

/**
 * Passes if all ranks made the same call.
 *
 * @throws {CollectiveError} `mismatch`, the same on all ranks.
 */
export function checkSameCall(calls: readonly Call[]): void {
  const rank = firstDifferent(calls);
  if (rank < 0) return;
  throw new CollectiveError(
    "mismatch",
    `Expected ${describeCall(calls[0]!)} on every rank, as rank 0 called, but rank ${rank} called ${describeCall(calls[rank]!)}.`,
    { rank },
  );
}

/** The error of every call after the one that broke the group. */
export function brokenError(cause: CollectiveError): CollectiveError {
  return new CollectiveError(cause.code, `${cause.message.replace(/\.$/, "")}; the group is of no use since then.`, {
    cause,
    ...(cause.rank !== undefined && { rank: cause.rank }),
  });
}

/** The error of every call after `dispose`. */
export function disposedError(): CollectiveError {
  return new CollectiveError("disposed", "Expected a group in use but it was disposed.");
}
