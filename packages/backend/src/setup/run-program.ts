import { spawn, spawnSync } from "node:child_process";

/** How a program exited, and the tail of its output. */
export interface Finished {
  /** Its exit code; null if a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Standard output, and both outputs together as they came, each at most the last 64 KiB. */
  stdout: string;
  output: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Kills the program and whatever it started; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Receives each line of output as it comes. */
  onLine?: (line: string) => void;
}

const TAIL_LENGTH = 65_536;

/**
 * Runs a program to its end, whatever its exit code.
 * @throws the system's error (`ENOENT`, …) if it cannot be started.
 */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Finished> {
  const { cwd, env, signal, onLine } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const windows = process.platform === "win32";
    // A process group of its own, so that a compiler three levels down is killed with it; on Windows taskkill ends the process tree.
    const child = spawn(command, args, {
      cwd,
      env,
      windowsHide: true,
      detached: !windows,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const kill = () => {
      if (child.pid === undefined) return;
      if (windows) return void spawnSync("taskkill", ["/pid", String(child.pid), "/t", "/f"], { stdio: "ignore" });
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    };
    signal?.addEventListener("abort", kill);
    process.once("exit", kill);

    let stdout = "";
    let output = "";
    let line = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        if (stream === child.stdout) stdout = (stdout + text).slice(-TAIL_LENGTH);
        output = (output + text).slice(-TAIL_LENGTH);
        const lines = (line + text).split("\n");
        line = lines.pop() ?? "";
        for (const whole of lines) onLine?.(whole);
      });
    }
    child.on("error", reject);
    child.on("close", (code, ended) => {
      signal?.removeEventListener("abort", kill);
      process.removeListener("exit", kill);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code, signal: ended, stdout, output });
    });
  });
}
