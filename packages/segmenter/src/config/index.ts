export { PipelineError, type PipelineErrorCode, type PipelineErrorData, refuseUnknown } from "../errors.ts";
export { architectureSettings } from "./architectures.ts";
export { DEMO_ARCHITECTURE, DEMO_CHECKPOINT, DEMO_SIZE } from "./demo-facts.ts";
export { candidateNames, HALVES, type Half } from "./halves.ts";
export { parseLiteral } from "./literal.ts";
export {
  BALANCES,
  type Balance,
  balanceOf,
  LOSS_NAMES,
  type LossName,
  type LossTerm,
  lossNames,
  lossText,
  parseLoss,
  takesClassWeights,
} from "./loss.ts";
export { type Resolved, resolveConfig } from "./resolve.ts";
export { CONFIG_KEYS, type Config, DEFAULTS, SECTIONS } from "./schema.ts";
export { isConfigKey, parseAssignment, parsePairs, type Setting } from "./setting.ts";
export { CLASSES_FILE, CONFIG_FILE, CONFIG_MARK, knownSettings, withoutImplied } from "./trained-folder.ts";
export { settingsOfYaml } from "./yaml-settings.ts";
