import * as tf from "@tensorflow/tfjs";
import { activate } from "./activate.ts";
import { type Engine, unavailable } from "./engine.ts";
import { firstLine } from "./errors.ts";

/** What is used of it; TypeScript has its types only among those of browsers. */
declare const WebAssembly: { Memory: new (pages: { initial: number }) => object } | undefined;

/** What TF.js's WebAssembly module and those who start it print; errors say the same. */
const COMPLAINT =
  /^(?:Aborted\(|failed to asynchronously prepare wasm|Initialization of backend wasm|Make sure the server can serve|wasm streaming compile failed|falling back to ArrayBuffer|XNN status|\w*Error: )/;

/** What XNNPACK, which computes convolutions, prints when it could not: the kernel then returns whatever lay in memory. */
const NOT_COMPUTED = /^XNN status .* is not successful/;

let complaints: string[] = [];

/** How {@link startWasm} finds its way in Node and in a page. */
interface WasmOptions {
  /** Completes the line of a failure, by a limit of the system that was reached. */
  explain?: ((line: string) => string) | undefined;
  /** Called before TF.js's backend starts for the first time, to set it up. */
  prepare?: ((wasm: typeof import("@tensorflow/tfjs-backend-wasm")) => void) | undefined;
}

/** Starts TF.js's WebAssembly engine. @param device - the CPU's name. */
export async function startWasm(
  device: string,
  { explain = (line) => line, prepare }: WasmOptions = {},
): Promise<Engine & { name: "wasm" }> {
  const name = "@tensorflow/tfjs-backend-wasm";
  const wasm = await import("@tensorflow/tfjs-backend-wasm").catch((error) => {
    throw unavailable(`${name} does not load: ${firstLine(error)}`, error);
  });
  // `tf.findBackend` would start it.
  if (!("wasm" in tf.engine().registry)) prepare?.(wasm);
  await activateWasm(explain);
  checkMalloc();
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return {
    name: "wasm",
    package: name,
    version: wasm.version_wasm,
    device: `${device}, ${simd ? "SIMD" : "no SIMD"}`,
    threads: wasm.getThreadsCount(),
  };
}

/** Makes TF.js's WebAssembly backend the current one, and keeps what it prints of its failures. */
async function activateWasm(explain: (line: string) => string): Promise<void> {
  if (typeof WebAssembly === "undefined") throw unavailable("this JavaScript has no WebAssembly: use another engine");
  try {
    new WebAssembly.Memory({ initial: 1 });
  } catch (error) {
    throw unavailable(explain(firstLine(error)).replace(/\.$/, ""), error);
  }
  const { warn } = console;
  // The module keeps the function that it finds when it is made.
  console.warn = (...said: unknown[]) => {
    const text = String(said[0]);
    if (COMPLAINT.test(text)) complaints = [...complaints.slice(-9), text];
    else warn.apply(console, said);
  };
  try {
    await activate("wasm", "wasm", { failure: notComputed });
  } catch (error) {
    const reason = complaints.find((text) => /Error: /.test(text));
    throw reason
      ? unavailable(explain(`TF.js could not initialise its backend wasm (${firstLine(reason)})`), error)
      : error;
  } finally {
    console.warn = warn;
  }
}

/** What was printed since the last call of a computation that was not done, if anything was. */
function notComputed(): string | undefined {
  if (complaints.length === 0) return undefined;
  const found = complaints.find((text) => NOT_COMPUTED.test(text));
  complaints = [];
  return found;
}

/** The allocator of TF.js's WebAssembly module. */
interface Allocator {
  _malloc: ((bytes: number) => number) & { checked?: true };
  _free(address: number): void;
}

/** Throws when WebAssembly's malloc fails: it returns 0, which TF.js would use as an address, and compute wrong numbers. */
function checkMalloc(): void {
  const { wasm } = tf.backend() as unknown as { wasm: Allocator };
  // Emscripten's stub replaces itself by the real function at its first call.
  wasm._free(wasm._malloc(1));
  const malloc = wasm._malloc;
  if (malloc.checked) return;
  const checked = (bytes: number) => {
    const address = bytes < 2 ** 32 ? malloc(bytes) : 0;
    if (address === 0 && bytes > 0) throw new RangeError(`out of memory: ${bytes} bytes more cannot be had`);
    return address;
  };
  wasm._malloc = Object.assign(checked, { checked: true } as const);
}
