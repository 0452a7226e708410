/** What ranks can call, as numbers that travel between them. */
export const CALLS = ["join", "allReduce", "allGather", "broadcast", "barrier"] as const;
export type CallName = (typeof CALLS)[number];

/** One call, as every rank must make it. */
export interface Call {
  readonly name: CallName;
  readonly length: number;
  readonly root: number;
}

/** `allReduce of 513 numbers`. */
export function describeCall({ name, length, root }: Call): string {
  if (name === "barrier" || name === "join") return name;
  return `${name} of ${length} number${length === 1 ? "" : "s"}${name === "broadcast" ? ` from rank ${root}` : ""}`;
}

/** The first rank whose call is not that of rank 0, or -1. */
export function firstDifferent(calls: readonly Call[]): number {
  const [first] = calls;
  return calls.findIndex(
    (call) => call.name !== first!.name || call.length !== first!.length || call.root !== first!.root,
  );
}

/** `rank 1`, `ranks 1 and 3`. */
export function listRanks(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  return `ranks ${ranks.slice(0, -1).join(", ")} and ${ranks.at(-1)}`;
}
