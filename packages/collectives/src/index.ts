export * from "./browser.ts";
export { isMpiLaunch, type MpiLaunch, mpiLaunch } from "./mpi/environment.ts";
export { joinMpiGroup, type MpiGroup, type MpiGroupOptions } from "./mpi/mpi-group.ts";
export { joinProcessGroup, type ProcessGroupOptions } from "./processes/process-group.ts";
export {
  createThreadGroup,
  joinThreadGroup,
  markThreadDead,
  type ThreadGroupHandle,
  type ThreadGroupOptions,
} from "./threads.ts";
