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
 */
export function endWithParent(): void {
  startThread(WATCH, { workerData: process.ppid }).unref();
}
