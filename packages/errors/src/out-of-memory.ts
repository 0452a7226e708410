/**
 * How engines, runtimes and JavaScript itself say that memory ran out: V8 (`Array buffer allocation failed`, `Invalid typed array length`, its heap,
 * WebAssembly's memory), C++ (`bad_alloc`, `bad allocation`), TensorFlow (status 8, `OOM when allocating`), ONNX Runtime, Emscripten, WebGPU.
 */
const SIGNS =
  /Array ?Buffer allocation failed|Invalid (?:typed )?array(?: buffer)? length|bad_alloc|bad allocation|out[ _-]of[ _-]memory|OutOfMemory|memory exhausted|failed to allocate|\bOOM\b|allocation failed|(?:enlarge|allocate|grow)\b[^\n]{0,40}\bmemory|ResourceExhausted|RESOURCE_EXHAUSTED|^Invalid TF_Status: 8\b|could not be allocated|\bENOMEM\b|reached heap limit/i;

/**
 * Whether an error's text, or what a process said on stderr, tells that memory ran out.
 *
 * @example
 * ```ts
 * import { isOutOfMemory } from "@seg/errors";
 *
 * console.log(isOutOfMemory("RangeError: Array buffer allocation failed")); // true
 * console.log(isOutOfMemory("RangeError: Maximum call stack size exceeded")); // false
 * ```
 */
export function isOutOfMemory(text: string): boolean {
  return SIGNS.test(text);
}
