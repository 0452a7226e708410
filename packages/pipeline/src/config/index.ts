export type { Config } from "@seg/segmenter/config";
export { isConfigKey, type Resolved, resolveConfig, type Setting } from "@seg/segmenter/config";
export { type ErrorCodes, PipelineError, type PipelineErrorCode, type PipelineErrorData } from "../errors.ts";
export { DEMO_MODEL, DEMO_PHOTO } from "./demo-model.ts";
export { type ConfigSources, loadConfig } from "./load.ts";
export { presetNames, presetSettings } from "./presets.ts";
export { configToYaml } from "./print.ts";
