import type { Group } from "./group.ts";

/** A group of one: every call returns at once. */
export const solo: Group = {
  rank: 0,
  size: 1,
  allReduce() {},
  allGather: (data) => data.slice(),
  broadcast() {},
  barrier() {},
  dispose() {},
};
