/** The group of one rank, which needs nothing of Node: `@seg/collectives/single`, and the package in a browser. */
export type { Call, CallName } from "./call.ts";
export { CollectiveError, type CollectiveErrorCode, type CollectiveErrorData } from "./errors.ts";
export type { Group } from "./group.ts";
export { broadcastJson, gatherJson } from "./json.ts";
export { single } from "./single.ts";
export type { Waiting, WaitingOptions } from "./waiting.ts";
