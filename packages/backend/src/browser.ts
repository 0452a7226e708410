/** The package in a browser: the condition `browser` of `@seg/backend`, and `@seg/backend/browser` for types. */

export type { BrowserEngineName as EngineName } from "./browser/engine-names.ts";
export { BROWSER_AUTO_ORDER as AUTO_ORDER, BROWSER_ENGINE_NAMES as ENGINE_NAMES } from "./browser/engine-names.ts";
export { cpuName } from "./browser/page.ts";
export {
  type BrowserEngineFailure as EngineFailure,
  type BrowserEngineInfo as EngineInfo,
  type BrowserEngineProof as EngineProof,
  type BrowserStartOptions as StartOptions,
  startBrowserEngine as startEngine,
} from "./browser/start-engine.ts";
export type { WasmPaths } from "./browser/wasm-paths.ts";
export type { Engine } from "./engine.ts";
export { BackendError, type BackendErrorCode, type BackendErrorData } from "./errors.ts";
