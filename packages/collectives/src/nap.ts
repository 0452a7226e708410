const napping = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread for a while. */
export function nap(ms: number): void {
  Atomics.wait(napping, 0, 0, ms);
}
