import type { Launcher } from "../../src/index.ts";

/** Every way to launch, and why it cannot be tried here. */
export const LAUNCHERS: { launcher: Launcher; absent: string | undefined }[] = [
  { launcher: "threads", absent: undefined },
  { launcher: "processes", absent: "TODO" },
];

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
