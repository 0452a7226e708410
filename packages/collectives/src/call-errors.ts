import { type Call, describeCall, firstDifferent, listRanks, type NameRanks } from "./call.ts";
import { CollectiveError } from "./errors.ts";

/** The error for a rank that has ended, or left the group. */
export function deadError(rank: number, during: string, name: NameRanks = listRanks): CollectiveError {
  return new CollectiveError(
    "dead",
    {
      expected: `all ranks to come to ${during}`,
      but: `${name([rank])} has ended or left the group`,
      hint: "see what it said last; where that is nothing, the system may have killed it for want of memory",
    },
    { data: { rank, during } },
  );
}

/** The error for a rank whose host does not answer any more. */
export function unreachableError(rank: number, during: string, name: NameRanks): CollectiveError {
  return new CollectiveError(
    "unreachable",
    {
      expected: `all ranks to come to ${during}`,
      but: `${name([rank])} cannot be reached any more`,
      hint: "see whether that host and the network between are up",
    },
    { data: { rank, during } },
  );
}

/** The error for ranks that did not make a call in time. */
export function timeoutError(
  ranks: readonly number[],
  timeoutMs: number,
  during: string,
  name: NameRanks = listRanks,
): CollectiveError {
  const seconds = Number((timeoutMs / 1000).toPrecision(3));
  return new CollectiveError(
    "timeout",
    {
      expected: `all ranks to come to ${during} within ${seconds} s`,
      but: `${name(ranks)} did not`,
      hint: "see whether it stopped, or give a longer timeoutMs",
    },
    { data: { rank: ranks[0]!, ranks, during, timeoutMs } },
  );
}

/**
 * Checks that all ranks made the same call.
 *
 * @throws {CollectiveError} `mismatch`, the same on all ranks.
 */
export function checkSameCall(calls: readonly Call[], name: NameRanks = listRanks): void {
  const rank = firstDifferent(calls);
  if (rank < 0) return;
  throw new CollectiveError(
    "mismatch",
    {
      expected: `${describeCall(calls[0]!)} on every rank, as rank 0 called,`,
      but: `${name([rank])} called ${describeCall(calls[rank]!)}`,
    },
    { data: { rank, expected: calls[0]!, received: calls[rank]! } },
  );
}

/** The error of every call after the one that broke the group. */
export function brokenError(cause: CollectiveError): CollectiveError {
  const line = `${cause.message.replace(/\.$/, "")}; the group is broken since then.`;
  return new CollectiveError(cause.code, line, { cause, data: cause.data });
}

/** The error of every call after `dispose`. */
export function disposedError(): CollectiveError {
  return new CollectiveError("disposed", { expected: "a group in use", but: "it was disposed" });
}
