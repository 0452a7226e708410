import { startCpu } from "../activate.ts";
import type { Engine } from "../engine.ts";
import { refuseUnknown } from "../errors.ts";
import { proveForward } from "../proof/forward.ts";
import { type EngineFailure, type EngineInfo, type EngineProof, startFirst } from "../start-first.ts";
import { BROWSER_AUTO_ORDER, type BrowserEngineName } from "./engine-names.ts";
import { cpuName, isSoftware } from "./page.ts";
import { loadWasm } from "./wasm.ts";
import type { WasmPaths } from "./wasm-paths.ts";
import { loadWebgl } from "./webgl.ts";
import { loadWebgpu } from "./webgpu.ts";

/** An engine that was tried in a browser and could not start or did not pass the proof, and why, in one line. */
export type BrowserEngineFailure = EngineFailure<BrowserEngineName>;

/** The engine that runs in a browser, and those tried before it. */
export type BrowserEngineInfo = EngineInfo<BrowserEngineName>;

/** A self-test of TF.js's current engine in a browser: runs the operations that will be needed, and throws if one fails or is wrong. */
export type BrowserEngineProof = EngineProof<BrowserEngineName>;

/** The options of `startEngine` in a browser. */
export interface BrowserStartOptions {
  /**
   * Threads of WebAssembly, at most half of the cores, where the page is cross-origin isolated; one by default. TF.js starts them from its own
   * text, which minifiers break. Read when that engine first starts.
   */
  threads?: number | undefined;
  /** A self-test beyond the package's own, as under Node. */
  proof?: BrowserEngineProof | undefined;
  /** Receives one line for each engine that could not start and one for the engine that did. Default: nothing is printed. */
  log?: ((line: string) => void) | undefined;
  /**
   * Where TF.js's `.wasm` files lie; read when that engine first starts. By default where Vite and webpack put them; other bundlers want them
   * copied and named here.
   */
  wasmPaths?: WasmPaths | undefined;
}

const START_OPTIONS = ["threads", "proof", "log", "wasmPaths"] satisfies (keyof BrowserStartOptions)[];

/**
 * Starts a TF.js engine in a page or a worker and makes it the current one. `auto` takes the first that starts of WebGPU, WebGL and WebAssembly,
 * has a GPU of its own if it wants one, and computes small convolutions, products and resizings right; then `proof` is asked.
 *
 * From then on errors of an engine are thrown as a {@link BackendError}, as under Node; a WebGL whose GPU was taken away throws too.
 *
 * @returns the engine that runs, with the reason for each one tried before it.
 * @throws {BackendError} `engine-unavailable` if none could start or pass, with the reasons; `engine-unfit` if the one that was named
 *   starts and does not pass; `unknown-engine`; `invalid-option`.
 */
export async function startBrowserEngine(
  choice: BrowserEngineName | "auto" = "auto",
  options: BrowserStartOptions = {},
): Promise<BrowserEngineInfo> {
  refuseUnknown(options, START_OPTIONS, "the options of startEngine");
  const { wasmPaths, proof, ...others } = options;
  const wholeProof = async (engine: Engine<BrowserEngineName>) => {
    if (choice === "auto" && isSoftware(engine.device))
      throw new Error(`${engine.device} is no GPU but the processor, which WebAssembly uses better`);
    await proveForward();
    await proof?.(engine);
  };
  const loaders = {
    webgpu: loadWebgpu,
    webgl: loadWebgl,
    wasm: ({ threads }: { threads?: number | undefined }) => loadWasm(wasmPaths, threads),
    cpu: () => startCpu(cpuName()),
  };
  return startFirst<BrowserEngineName>(choice, { ...others, proof: wholeProof }, loaders, BROWSER_AUTO_ORDER);
}
