import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { processStatus } from "../src/index.ts";

const noPs = spawnSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(process.pid)]).status !== 0;
const WAYS = [
  ["linux", process.platform !== "linux", "only Linux has /proc"],
  ["darwin", noPs, "no ps that tells when a process started"],
  ["freebsd", noPs, "no ps that tells when a process started"],
] as const;

const node = (code: string): ChildProcess => {
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
};

for (const [platform, absent, reason] of WAYS) {
  describe.skipIf(absent)(`processStatus as on ${platform}${absent ? ` (skipped: ${reason})` : ""}`, () => {
    it("tells a process from one that started later", async () => {
      const first = processStatus(process.ppid, platform)!;
      const child = node("setInterval(() => {}, 1000)");
      expect(first.zombie).toBe(false);
      expect(processStatus(child.pid!, platform)!.started).toBeGreaterThan(first.started);
      await sleep(1100); // past the time for which an answer is kept
      // Linux's ps counts from a boot time that it guesses anew each time.
      expect(Math.abs(processStatus(process.ppid, platform)!.started - first.started)).toBeLessThanOrEqual(
        platform === "linux" ? 0 : 1,
      );
    });

    it("sees that a process has ended that its parent has not missed yet", async () => {
      // The parent tells its child's number and is then too busy to hear of its end.
      const parent = node(`
        const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
        require("node:fs").writeSync(1, String(child.pid));
        for (;;) {}`);
      const [text] = await once(parent.stdout!, "data");
      process.kill(Number(text), "SIGKILL");
      await expect.poll(() => processStatus(Number(text), platform)?.zombie, { timeout: 600_000 }).toBe(true);
    });
  });
}

describe.each(["linux", "darwin", "win32"] as const)("processStatus on %s", (platform) => {
  it("knows nothing of a process that is gone", async () => {
    const child = node("");
    await once(child, "exit");
    expect(processStatus(child.pid!, platform)).toBeUndefined();
  });
});

describe("processStatus on Windows", () => {
  it("says that a process is there, and not when it started", () => {
    expect(processStatus(process.pid, "win32")).toEqual({ zombie: false, started: 0 });
  });
});
