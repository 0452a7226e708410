export { CACHE_WAY_OUT, cacheFolder } from "./cache-folder.ts";
export { type DescribeOptions, describeEngines, type EngineReport } from "./describe-engines.ts";
export type { Engine, EngineName } from "./engine.ts";
export { AUTO_ORDER, ENGINE_NAMES } from "./engine.ts";
export { BackendError, type BackendErrorCode, type BackendErrorData } from "./errors.ts";
export type { ProofReport } from "./probe-main.ts";
export { type ProbeLimits, runProbe } from "./run-probe.ts";
export { type SetupOptions, type SetupResult, setupNativeEngine } from "./setup.ts";
export {
  type EngineFailure,
  type EngineInfo,
  type EngineProof,
  type StartOptions,
  startEngine,
} from "./start-engine.ts";
export { cpuName } from "./wasm-and-cpu.ts";
