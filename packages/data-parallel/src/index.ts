export { DataParallelError, type DataParallelErrorCode, type DataParallelErrorData } from "./errors.ts";
export { type AllReduceOptions, allReduceGradients, broadcastParameters, lossShare } from "./gradients.ts";
export { DataParallel, type LaunchOptions, type RunOptions } from "./launch/data-parallel.ts";
export { type LoaderOptions, type LoaderPosition, SeededLoader } from "./loader/seeded-loader.ts";
export type { CreateSource, SampleSource } from "./loader/source.ts";
export { Random, type RandomState } from "./random.ts";
export type { Device, Launcher } from "./replica/device.ts";
export { type HostedReplica, type HostOptions, hostReplica } from "./replica/host.ts";
export type { CreateReplica, Replica, ReplicaContext, RunContext } from "./replica/replica.ts";
