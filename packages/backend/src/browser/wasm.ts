import * as tf from "@tensorflow/tfjs";
import type { Engine } from "../engine.ts";
import { startWasm } from "../wasm-module.ts";
import { cpuName } from "./page.ts";
import { bundledWasmPaths, parseWasmPaths, type WasmPaths } from "./wasm-paths.ts";

/** What is said of files that the server has not, or where it has a page in their place. */
const UNFETCHED = /HTTP status|fetch|compile|MIME|magic word/i;

/** TF.js's WebAssembly engine in a page; on several threads where they are asked for and the page is cross-origin isolated. */
export const loadWasm = (wasmPaths: WasmPaths | undefined, threads: number | undefined): Promise<Engine<"wasm">> =>
  startWasm(cpuName(), {
    explain: (line) =>
      UNFETCHED.test(line) ? `${line}: say by wasmPaths where the page's server has TF.js's .wasm files` : line,
    prepare: (wasm) => {
      wasm.setWasmPaths(parseWasmPaths(wasmPaths ?? bundledWasmPaths()));
      // Its threads run TF.js's own text, which does not stand alone any more once a bundler has minified it: only who asks gets them.
      if (threads !== undefined) wasm.setThreadsCount(threads);
      else tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    },
  });
