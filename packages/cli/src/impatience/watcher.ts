// The thread behind `watchSignals`.
import { writeSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { parentPort } from "node:worker_threads";
import type { HeldLocks } from "@seg/node";
import { IMPATIENT, SAME_MS } from "./impatience.ts";

/** How long the main thread has to end by itself: in order after the first signal, at once after the second. */
const GRACE_MS = 1000;

/** Node's handle of a signal. Its public `process.on` is for the main thread alone, the handle for any. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
}

// In this thread alone: without the handle, in a later Node, it ends and nothing else is lost.
process.noDeprecation = true;
const internals = process as unknown as { binding(name: "signal_wrap"): { Signal: new () => SignalHandle } };
const { Signal } = internals.binding("signal_wrap");

let locks: HeldLocks = new Map();
// Messages alone are no reason to live on.
parentPort?.on("message", (held: HeldLocks) => {
  locks = held;
});
parentPort?.unref();

let asked: number | undefined;

function onSignal(): void {
  const now = performance.now();
  if (asked === undefined) {
    asked = now;
    if (isatty(2)) setTimeout(tell, GRACE_MS, "Ending after the step under way; once more ends it at once.");
  } else if (now - asked > SAME_MS) {
    setTimeout(endNow, GRACE_MS);
  }
}

async function endNow(): Promise<void> {
  tell("error: interrupted in the midst of a step");
  try {
    // Loaded where it is needed, which is rare: the thread begins with every command.
    const { removeLocks } = await import("@seg/node");
    removeLocks(locks);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}

function tell(line: string): void {
  try {
    // Where a bar stands.
    writeSync(2, `${isatty(2) ? "\r\u001b[K" : ""}${line}\n`);
  } catch {
    // Nobody reads it.
  }
}

for (const name of IMPATIENT) {
  const number = (constants.signals as Partial<Record<string, number>>)[name];
  if (number === undefined) continue;
  const handle = new Signal();
  handle.onsignal = onSignal;
  handle.start(number);
}
