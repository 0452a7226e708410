import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * How to start npm: the one that runs this script, or the one on the PATH. On Windows that one is a batch file, which only a shell
 * starts, so there it is the one beside Node.
 *
 * @param {{ env?: Record<string, string | undefined>, platform?: string, execPath?: string }} [machine] - This one unless told.
 * @returns {[string, ...string[]]}
 */
export function npm({ env = process.env, platform = process.platform, execPath = process.execPath } = {}) {
  const running = env.npm_execpath ?? "";
  if (basename(running) === "npm-cli.js") return [execPath, running];
  const besideNode = join(dirname(execPath), "node_modules/npm/bin/npm-cli.js");
  return platform === "win32" && existsSync(besideNode) ? [execPath, besideNode] : ["npm"];
}
