export { CollectiveError, type CollectiveErrorCode } from "./errors.ts";
export type { Group } from "./group.ts";
export { solo } from "./solo.ts";
