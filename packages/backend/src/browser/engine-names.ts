/** Every engine of a browser, in the order of this package's tables. */
export const BROWSER_ENGINE_NAMES = ["webgpu", "webgl", "wasm", "cpu"] as const;

/** The name of an engine of a browser: WebGPU, WebGL, WebAssembly, or TF.js's plain JavaScript. */
export type BrowserEngineName = (typeof BROWSER_ENGINE_NAMES)[number];

/** What `auto` tries in a browser, first to last. Plain JavaScript is for tests. */
export const BROWSER_AUTO_ORDER = ["webgpu", "webgl", "wasm"] as const satisfies BrowserEngineName[];
