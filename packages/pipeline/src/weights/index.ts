export type { ModelFiles, WeightFiles } from "./find.ts";
export { type LocateOptions, locateModel, locateWeights, type ServerOptions } from "./locate.ts";
