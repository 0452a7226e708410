import { startThread } from "./own-module.ts";

const WATCH = new URL(
  `data:text/javascript,${encodeURIComponent(`import { workerData as parent } from "node:worker_threads";
const lives = () => {
  try {
    process.kill(parent, 0);
    return process.ppid === parent;
  } catch (error) {
    return error.code === "EPERM";
  }
};
setInterval(() => lives() || process.kill(process.pid, "SIGKILL"), 1000);`)}`,
);

/**
 * Ends this process within some seconds of its parent's end, even while a native library computes without end on the main thread, which then
 * hears of nothing: a thread looks after the parent. It does not keep the process alive.
 *
 * @example
 * ```ts
 * import { execFileSync } from "node:child_process";
 * import { writeFile } from "node:fs/promises";
 *
 * const endless = `import { endWithParent } from "@seg/node";
 * endWithParent();
 * process.send("ready");
 * setInterval(() => {}, 1000);`;
 * await writeFile("endless.mjs", endless);
 * // The parent ends as soon as its child is ready; this returns when both have ended.
 * const parent = `require("node:child_process").fork("endless.mjs").on("message", () => process.exit())`;
 * execFileSync(process.execPath, ["--eval", parent]);
 * console.log("both have ended"); // both have ended
 * ```
 */
export function endWithParent(): void {
  startThread(WATCH, { workerData: process.ppid }).unref();
}
