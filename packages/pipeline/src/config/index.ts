export { type ErrorCodes, PipelineError, type PipelineErrorCode, type PipelineErrorData } from "../errors.ts";
export { DEMO_MODEL, DEMO_PHOTO } from "./demo-model.ts";
export { type ConfigSources, loadConfig } from "./load.ts";
export { presetNames, presetSettings } from "./presets.ts";
export { configToYaml } from "./print.ts";
export { type Resolved, resolveConfig } from "./resolve.ts";
export type { Config } from "./schema.ts";
export { isConfigKey, type Setting } from "./setting.ts";
