import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A failure that the user can mend: its message is the one line to print. */
export class BootstrapError extends Error {
  /**
   * @param {string} message - What was expected, what came, and the way out.
   * @param {number} exitCode - 1 failed, 2 wrong usage.
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

// Turbo starts `pnpm` from the PATH; its telemetry is the only thing here that would reach for the network unasked.
// Some of the tools colour what they print even where nobody sees it.
const env = {
  ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }),
  ...process.env,
  PATH: [join(root, ".cache/pnpm/node_modules/.bin"), process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: "1",
};

/**
 * Runs a JavaScript file on the terminal until it ends.
 *
 * @param {string[]} args - The file and its arguments.
 * @param {{ cwd?: string }} [options] - `cwd`: where it runs; the user's own folder unless told.
 * @returns {Promise<number>} Its exit code; 128 + n where signal n ended it.
 */
export function exec(args, { cwd } = {}) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: "inherit" });
  // A terminal's Ctrl-C reaches the child by itself: it decides how to end, this process only waits for its code.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return ended(child);
}

/**
 * Runs a command in the root folder and keeps what it prints.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {(text: string) => void} [onText] - Called with each piece of output as it comes.
 * @returns {Promise<{ code: number, output: string }>} Its exit code, and stdout and stderr as they came.
 * @throws An error with `code` "ENOENT" where there is no such command.
 */
export async function capture(command, args, onText) {
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      onText?.(text);
    });
  }
  return { code: await ended(child), output };
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number>}
 */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
