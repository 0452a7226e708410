/** The collective calls of a group. */
export type CallName =
  | "join"
  | "allReduce"
  | "allGather"
  | "broadcast"
  | "barrier"
  | "allGatherBytes"
  | "broadcastBytes";

/** The calls, by the numbers that ranks exchange for them. */
export const CALLS: readonly CallName[] = [
  "join",
  "allReduce",
  "allGather",
  "broadcast",
  "barrier",
  "allGatherBytes",
  "broadcastBytes",
];

/** A collective call, which must be the same on all ranks, but for the length of calls that carry bytes. */
export interface Call {
  readonly name: CallName;
  readonly length: number;
  readonly root: number;
}

/** Whether the length must be the same on all ranks. */
const hasOneLength = (name: CallName) => name === "allReduce" || name === "allGather" || name === "broadcast";

/** `allReduce of 513 numbers`. */
export function describeCall({ name, length, root }: Call): string {
  const numbers = hasOneLength(name) ? ` of ${length} number${length === 1 ? "" : "s"}` : "";
  return `${name}${numbers}${name.startsWith("broadcast") ? ` from rank ${root}` : ""}`;
}

/** The first rank whose call is not that of rank 0, or -1. */
export function firstDifferent(calls: readonly Call[]): number {
  const [first] = calls;
  return calls.findIndex(
    ({ name, length, root }) =>
      name !== first!.name || root !== first!.root || (hasOneLength(name) && length !== first!.length),
  );
}

/** How ranks are named in messages. */
export type NameRanks = (ranks: readonly number[]) => string;

/** `rank 1`, `ranks 1 and 3`. */
export const listRanks: NameRanks = (ranks) =>
  ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${ranks.slice(0, -1).join(", ")} and ${ranks.at(-1)}`;

/** `rank 1 on host b`, `ranks 1 and 3 on host b, rank 5 on host c`. @param hosts - each rank's. */
export function listRanksOn(ranks: readonly number[], hosts: readonly string[]): string {
  const byHost = new Map<string, number[]>();
  for (const rank of ranks) byHost.set(hosts[rank]!, [...(byHost.get(hosts[rank]!) ?? []), rank]);
  return [...byHost].map(([host, some]) => `${listRanks(some)} on host ${host}`).join(", ");
}
