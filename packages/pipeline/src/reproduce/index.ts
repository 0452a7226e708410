export type { PublishedScores } from "./published.ts";
export { type ReproduceOptions, reproduce } from "./reproduce.ts";
export type { MeasuredRow, ReproducedRow, Reproduction, WeightsOfRow } from "./result.ts";
