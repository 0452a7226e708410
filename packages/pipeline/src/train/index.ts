export type { History } from "./hooks/history.ts";
export type { ValidationScores } from "./hooks/validation-files.ts";
export type { ReplicaOptions } from "./launch.ts";
export { type Training, type TrainOptions, train } from "./train.ts";
