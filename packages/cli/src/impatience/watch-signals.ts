import { onHeldLocks, ownModule, startThread } from "@seg/node";
import { IMPATIENT } from "./impatience.ts";

export { SAME_MS } from "./impatience.ts";

/** Whether a person sends this signal, and again who does not want to wait. */
export const isImpatient = (signal: string): boolean => (IMPATIENT as readonly string[]).includes(signal);

/**
 * Watches the signals of this process in a thread of its own: a step of an engine blocks this one for seconds or minutes, and signals that come
 * meanwhile are all handled after it, as if they had come at once. A second one ends the process within a second or so, whatever it computes.
 * Where the thread cannot be, for want of addresses or threads, it is as it was without.
 */
export function watchSignals(): void {
  try {
    const watcher = startThread(ownModule("./watcher", import.meta.url)).on("error", () => {});
    watcher.unref();
    onHeldLocks((locks) => watcher.postMessage(locks));
  } catch {
    // A system that has no room for it.
  }
}
