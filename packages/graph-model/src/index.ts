export type { GraphDef, Signature, TensorInfo } from "./build-graph.ts";
export { GraphModelError, type GraphModelErrorCode, type GraphModelErrorData } from "./errors.ts";
export type { GraphModelFile, WeightSpec } from "./files.ts";
export type { Attr, DataType, NodeDef, TensorShape } from "./graph-def.ts";
export type { GraphModelOptions, GraphModelOutput, Normalization } from "./options.ts";
export { type GraphModelFiles, type GraphModelJson, graphModelArtifacts, toGraphModel } from "./to-graph-model.ts";
