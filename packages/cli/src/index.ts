// For one release the pipeline can be had from here too.
export * from "@seg/pipeline";
export { PipelineError as CliError, type PipelineErrorCode as CliErrorCode } from "@seg/pipeline/config";
export { run } from "./run.ts";
export type { Io, Output } from "./terminal/terminal.ts";
