import * as tf from "@tensorflow/tfjs";

/** Takes WebAssembly's memory, in pieces down to `least` bytes; nothing is written there, so that the system gives none of it. */
export function exhaustWasm(least: number): void {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  for (let size = 2 ** 30; size >= least; size /= 2) {
    for (;;) {
      try {
        wasm._malloc(size);
      } catch {
        break;
      }
    }
  }
}

/** What `work` throws. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
