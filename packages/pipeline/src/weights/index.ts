export type { ModelFiles, WeightFiles } from "./find.ts";
export { type LocateOptions, locateModel, locateWeights } from "./locate.ts";
export type { ServerOptions } from "./server.ts";
