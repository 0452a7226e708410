// Holders that live and cannot say so: stopped, in another PID namespace.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { execArgvFor, processStatus, startProcess, withLock } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const HOLD = fileURLToPath(new URL("fixtures/hold-lock.ts", import.meta.url));

async function heldBy(path: string): Promise<string | undefined> {
  let line: string | undefined;
  const onWait = (_: unknown, told: string) => {
    line = told;
    throw new Error("held");
  };
  await withLock(path, () => {}, { onWait }).catch(() => {});
  return line;
}

const posix = process.platform !== "win32";
describe.skipIf(!posix)(`A holder that is stopped${posix ? "" : " (skipped: no SIGSTOP)"}`, () => {
  it("keeps its lock, however old that is, and goes on with it", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "lock");
    const child = startProcess(new URL("fixtures/hold-lock.ts", import.meta.url), [path, "0", "", "stay"]);
    onTestFinished(() => void child.kill("SIGKILL"));
    while ((await once(child, "message"))[0] !== "inside");
    child.kill("SIGSTOP");
    const own = readFileSync(path, "utf8");
    for (const days of [1, 400]) {
      const then = new Date(Date.now() - days * 86_400_000);
      utimesSync(path, then, then);
      expect(await heldBy(path)).toContain(`is held by process ${child.pid} on `);
    }
    child.kill("SIGCONT");
    expect(await heldBy(path)).toBeDefined();
    expect(readFileSync(path, "utf8")).toBe(own);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await heldBy(path)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });
});

const spaces = spawnSync("unshare", ["-pf", "true"]).status === 0;
describe.skipIf(!spaces)(`PID namespaces${spaces ? "" : " (skipped: unshare -p is refused)"}`, () => {
  // With the outer /proc, as `unshare -p` leaves it, and with one of its own.
  it.each([[[]], [["--mount-proc"]]])("do not take each other's locks (unshare -pf %j)", async (flags) => {
    const path = join(temporaryFolder(), "lock");
    const inside = (how: string) => [
      "-pf",
      "--kill-child",
      ...flags,
      process.execPath,
      ...execArgvFor(HOLD),
      HOLD,
      path,
      "0",
      "",
      how,
    ];
    const child = spawn("unshare", inside("tell"), { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    for await (const line of createInterface(child.stdout)) if (line === "inside") break;
    expect(await heldBy(path)).toContain("if it does not, delete the file");
    const own = readFileSync(path, "utf8");
    const other = spawn("unshare", inside("tell"), { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void other.kill("SIGKILL"));
    for await (const line of createInterface(other.stdout)) if (line.startsWith("waits:")) break;
    expect(readFileSync(path, "utf8")).toBe(own);
  });

  it("without a /proc of their own know nothing of other processes' starts", () => {
    const program = `
      import { ownIdentity, processStatus } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
      console.log(JSON.stringify([process.pid, ownIdentity()[1] > 0, processStatus(1).started]));`;
    const words = [process.execPath, ...execArgvFor(HOLD), "--input-type=module", "-e", program];
    const { stdout } = spawnSync("unshare", ["-pf", "sh", "-c", '"$@"; true', "sh", ...words], { encoding: "utf8" });
    const [pid, knowsItself, started] = JSON.parse(stdout);
    expect(pid).toBeLessThan(100);
    expect(knowsItself).toBe(true);
    expect(started).toBe(0);
    expect(processStatus(1)?.started).not.toBeUndefined();
  });
});
