export type { Call, CallName } from "./call.ts";
export { CollectiveError, type CollectiveErrorCode, type CollectiveErrorData } from "./errors.ts";
export type { Group } from "./group.ts";
export { broadcastJson, gatherJson } from "./json.ts";
export { isMpiLaunch, type MpiLaunch, mpiLaunch } from "./mpi/environment.ts";
export { joinMpiGroup, type MpiGroup, type MpiGroupOptions } from "./mpi/mpi-group.ts";
export { joinProcessGroup, type ProcessGroupOptions } from "./processes/process-group.ts";
export { single } from "./single.ts";
export {
  createThreadGroup,
  joinThreadGroup,
  markThreadDead,
  type ThreadGroupHandle,
  type ThreadGroupOptions,
} from "./threads.ts";
export type { Waiting, WaitingOptions } from "./waiting.ts";
