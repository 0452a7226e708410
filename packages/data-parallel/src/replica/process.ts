// What a replica's process runs.
import { Worker } from "node:worker_threads";
import { serve } from "./serve.ts";

const parent = Number(process.argv[2]);

// The parent decides when this ends: an interrupt from the terminal reaches it too, and its own death closes the channel.
process.on("disconnect", () => process.exit());
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => {});

// While this thread waits in a collective it hears nothing of that, so another one looks whose child this process is; and, for Windows,
// where children keep a dead parent's number, whether there still is such a process.
const watch = `
  const hasParent = () => {
    try {
      return process.ppid === ${parent} && process.kill(${parent}, 0);
    } catch {
      return false;
    }
  };
  setInterval(() => hasParent() || process.kill(process.pid, "SIGKILL"), 500);`;
new Worker(watch, { eval: true, execArgv: [] }).unref();

process.on(
  "message",
  serve({
    send: (message) => process.send?.(message),
    close: () => process.disconnect(),
  }),
);
