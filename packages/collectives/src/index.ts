export { CollectiveError, type CollectiveErrorCode } from "./errors.ts";
export type { Group } from "./group.ts";
export { joinProcessGroup, type ProcessGroupOptions } from "./processes/process-group.ts";
export { solo } from "./solo.ts";
export {
  createThreadGroup,
  joinThreadGroup,
  markThreadDead,
  type ThreadGroupHandle,
  type ThreadGroupOptions,
} from "./threads.ts";
