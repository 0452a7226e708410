import type { Group } from "./group.ts";
import { checkBytes } from "./options.ts";

/**
 * A group of one: every call returns at once.
 *
 * @example
 * ```ts
 * import { single } from "@seg/collectives";
 *
 * console.log(single.rank, single.size); // 0 1
 * ```
 */
export const single: Group = {
  rank: 0,
  size: 1,
  allReduce() {},
  allGather: (data) => data.slice(),
  broadcast() {},
  allGatherBytes: (data) => [copyOf(data)],
  broadcastBytes: copyOf,
  barrier() {},
  dispose() {},
};

function copyOf(data: Uint8Array | undefined): Uint8Array {
  checkBytes(data);
  return new Uint8Array(data);
}
