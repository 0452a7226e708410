// The entry point of a replica's process.
import { Worker } from "node:worker_threads";
import { ignoreEndSignals, serializeError } from "@seg/node";
import type { FromReplica } from "./messages.ts";

const parent = Number(process.argv[2]);

// The parent decides when this exits: an interrupt from the terminal reaches it too, and its own death closes the channel.
process.on("disconnect", () => process.exit());
ignoreEndSignals();

// While this thread blocks in a collective it receives no disconnect event, so a watchdog thread polls whether the parent is alive: whether this
// process is still its child, and, as that stays so on Windows, whether it exists.
const watchdog = `
  const hasParent = () => {
    try {
      return process.ppid === ${parent} && process.kill(${parent}, 0);
    } catch {
      return false;
    }
  };
  setInterval(() => hasParent() || process.kill(process.pid, "SIGKILL"), 500);`;
new Worker(watchdog, { eval: true, execArgv: [] }).unref();

const send = (message: FromReplica) => process.send?.(message);
try {
  // Not statically, so that a limit on open files or memory that is met by now is told of, and not just a stack.
  const { serve } = await import("./serve.ts");
  process.on("message", serve({ send, close: () => process.disconnect() }));
} catch (error) {
  send({ type: "failed", error: serializeError(error) });
}
