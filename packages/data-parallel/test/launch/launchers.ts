import { createRequire } from "node:module";
import type { Launcher } from "../../src/index.ts";

function isInstalled(name: string): boolean {
  // As @seg/collectives looks for it.
  const require = createRequire(new URL("../../../collectives/src/index.ts", import.meta.url));
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Every way to launch, and why it cannot be tried here. */
export const LAUNCHERS: { launcher: Launcher; absent: string | undefined }[] = [
  { launcher: "threads", absent: undefined },
  { launcher: "processes", absent: isInstalled("koffi") ? undefined : "the package koffi is not installed" },
];

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
