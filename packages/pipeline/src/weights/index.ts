export type { WeightFiles } from "./find.ts";
export { type LocateOptions, locateWeights, type ServerOptions } from "./locate.ts";
