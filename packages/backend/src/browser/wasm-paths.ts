/**
 * Where TF.js's three `.wasm` files lie: the address of their folder, relative to the page or whole, or the address of each by its name.
 */
export type WasmPaths = string | Readonly<Record<(typeof WASM_FILES)[number], string>>;

const WASM_FILES = [
  "tfjs-backend-wasm.wasm",
  "tfjs-backend-wasm-simd.wasm",
  "tfjs-backend-wasm-threaded-simd.wasm",
] as const;

/** What TF.js is to be told: a folder's address ends with a slash. */
export function parseWasmPaths(paths: WasmPaths): string | Record<string, string> {
  if (typeof paths === "string") return paths === "" || paths.endsWith("/") ? paths : `${paths}/`;
  return { ...paths };
}

/**
 * Where bundlers put the files: Vite and webpack know this form, each address whole, copy what it names, and write the copy's address here.
 */
export const bundledWasmPaths = (): WasmPaths => ({
  "tfjs-backend-wasm.wasm": new URL("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm", import.meta.url).href,
  "tfjs-backend-wasm-simd.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    import.meta.url,
  ).href,
  "tfjs-backend-wasm-threaded-simd.wasm": new URL(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    import.meta.url,
  ).href,
});
