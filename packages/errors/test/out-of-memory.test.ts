import { describe, expect, it } from "vitest";
import { isOutOfMemory } from "../src/index.ts";

/** What `work` throws says. */
function saidBy(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it threw nothing");
}

describe("isOutOfMemory", () => {
  it.each([
    saidBy(() => new ArrayBuffer(2 ** 52)),
    saidBy(() => new Float32Array(2 ** 40)),
    saidBy(() => new SharedArrayBuffer(2 ** 52)),
    "WebAssembly.Memory(): could not allocate memory",
    "WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance",
    "Cannot enlarge memory arrays to size 4294967296 bytes (OOM)",
    "std::bad_alloc",
    "bad allocation",
    "OOM when allocating tensor with shape[9,9] and type float",
    "Failed to allocate memory for requested buffer of size 9663676416",
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "Worker terminated due to reaching memory limit: JS heap out of memory",
  ])("knows %j", (text) => expect(isOutOfMemory(text)).toBe(true));

  it.each([
    "no such file",
    "the group was left",
    "memory access out of bounds",
    "Expected 3 channels but received 4.",
    "",
  ])("does not take %j for it", (text) => expect(isOutOfMemory(text)).toBe(false));
});
