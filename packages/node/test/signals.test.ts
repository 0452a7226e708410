import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { execArgvFor } from "../src/index.ts";

const MODULE = fileURLToPath(new URL("./fixtures/hangup.ts", import.meta.url));
const PROGRAM = [process.execPath, ...execArgvFor(MODULE), MODULE];
const unless = process.platform === "linux" ? "" : " (skipped: not Linux)";

/** Starts the program by a shell's command, in which `"$@"` stands for it, and sends it signals one after the other as soon as it runs. */
async function started(command: string, signals: NodeJS.Signals[]) {
  const child = spawn("bash", ["-c", command, "bash", ...PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  let pid: number | undefined;
  child.stdout.on("data", (text: Buffer) => {
    said += text;
    // What a shell has started in its place, or in the background, tells its number first.
    pid ??= Number(/^(\d+)\n/.exec(said)?.[1] ?? Number.NaN) || undefined;
    if (pid && /ignores|heeds/.test(String(text))) for (const signal of signals) process.kill(pid, signal);
  });
  await once(child, "close");
  return said.trim().split("\n").slice(1);
}

describe.skipIf(process.platform !== "linux")(`A program that outlives its terminal${unless}`, () => {
  it.each([
    ["the input that nohup opens", 'echo $$; exec "$@" 0>/dev/null'],
    ["nohup.out", 'cd "$(mktemp -d)"; mkfifo nohup.out; cat nohup.out & "$@" >nohup.out & echo $!; wait'],
    ["a shell that ignores the signal", 'trap "" HUP; "$@" & echo $!; wait'],
  ])("is told by %s", async (_what, command) => {
    expect(await started(command, ["SIGHUP", "SIGTERM"])).toEqual(["ignores", "SIGTERM"]);
  });

  it("is none where it was started plainly, or without input or output", async () => {
    for (const redirection of ["", "</dev/null"]) {
      const said = await started(`echo $$; exec "$@" ${redirection}`, ["SIGHUP"]);
      expect(said).toEqual(["heeds", "SIGHUP"]);
    }
  });
});

describe.skipIf(process.platform !== "linux")(`A program is asked to end${unless}`, () => {
  it.each(["SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGALRM"] as const)("by %s", async (signal) => {
    expect(await started('echo $$; exec "$@"', [signal])).toEqual(["heeds", signal]);
  });
});
