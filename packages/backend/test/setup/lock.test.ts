import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeLock } from "../../src/setup/lock.ts";

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "seg-lock-"));
  path = join(dir, "cache", "lock");
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** The lock as another process left it. */
function leave(holder: object): void {
  takeLock(path)();
  writeFileSync(path, JSON.stringify(holder));
}

describe("a lock", () => {
  it("is refused while it is held, and free afterwards", () => {
    const unlock = takeLock(path);
    expect(() => takeLock(path)).toThrow(`process ${process.pid} on ${hostname()}`);
    unlock();
    expect(existsSync(path)).toBe(false);
    takeLock(path)();
  });

  it("of a process that has ended is taken over", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    leave({ pid, host: hostname() });
    const unlock = takeLock(path);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid });
    unlock();
  });

  it.skipIf(process.platform !== "linux")(
    `of an earlier process with the number of a living one is taken over${process.platform === "linux" ? "" : " (skipped: no /proc)"}`,
    () => {
      leave({ pid: process.pid, host: hostname(), started: "1" });
      takeLock(path)();
    },
  );

  it("of another machine is left alone, and the message names the file", () => {
    leave({ pid: 1, host: "elsewhere" });
    expect(() => takeLock(path)).toThrow(`delete ${path} if it is gone`);
  });
});
