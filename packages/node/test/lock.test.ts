import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { ownIdentity, startProcess, withLock } from "../src/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const lockIn = (folder: string) => join(folder, "file.lock");

/** A lock as another process left it, renewed so many seconds ago. */
function leave(path: string, holder: object | string, age = 0): void {
  writeFileSync(path, typeof holder === "string" ? holder : JSON.stringify(holder));
  const then = new Date(Date.now() - age * 1000);
  utimesSync(path, then, then);
}

const [pid, started, namespace] = ownIdentity();
const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

/** How many at most are inside at once when eight try. */
async function crowd(path: string): Promise<number> {
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(10);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, work, { poll: 5 })));
  return most;
}

/** Whether somebody else may have it: it is waited for, until that is called off. */
async function isHeld(path: string): Promise<boolean> {
  const abort = new AbortController();
  const onWait = () => abort.abort();
  return withLock(path, () => false, { signal: abort.signal, onWait }).catch((error) => {
    expect(error.name).toBe("AbortError");
    return true;
  });
}

function start(...args: string[]) {
  const child = startProcess(new URL("fixtures/hold-lock.ts", import.meta.url), args);
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe("withLock", () => {
  it("lets one in at a time, and leaves nothing", async () => {
    const folder = temporaryFolder();
    expect(await crowd(lockIn(folder))).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("gives what the work gives, and opens again after an error", async () => {
    const path = lockIn(join(temporaryFolder(), "a/b"));
    expect(await withLock(path, async () => "in")).toBe("in");
    await expect(withLock(path, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(existsSync(path)).toBe(false);
  });

  it("lets one process in at a time, the lock of a dead one at the start", async () => {
    const folder = temporaryFolder();
    const [path, file] = [lockIn(folder), join(folder, "count")];
    writeFileSync(file, "0");
    leave(path, { pid: deadPid(), host: hostname() });
    const children = Array.from({ length: 3 }, () => start(path, "20", file));
    await Promise.all(children.map((child) => once(child, "exit")));
    expect(readFileSync(file, "utf8")).toBe("60");
    expect(readdirSync(folder)).toEqual(["count"]);
  });

  it("takes over at once from a process that was killed inside", async () => {
    const folder = temporaryFolder();
    const path = lockIn(folder);
    const child = start(path, "0", "", "stay");
    while ((await once(child, "message"))[0] !== "inside");
    expect(await isHeld(path)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await crowd(path)).toBe(1);
  });

  it("takes over from a process that has ended, once among many", async () => {
    const folder = temporaryFolder();
    leave(lockIn(folder), { pid: deadPid(), host: hostname() });
    expect(await crowd(lockIn(folder))).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  const linux = process.platform === "linux";
  it.skipIf(!linux)(
    `takes over from an earlier process with the number of a living one${linux ? "" : " (skipped: not Linux)"}`,
    async () => {
      const path = lockIn(temporaryFolder());
      leave(path, { pid, host: hostname(), started: started - 1000, namespace });
      expect(await isHeld(path)).toBe(false);
    },
  );

  it.skipIf(started === 0)(
    `waits for a process that lives, however long it was silent${started ? "" : " (skipped: no start times here)"}`,
    async () => {
      const path = lockIn(temporaryFolder());
      leave(path, { pid, host: hostname(), started, namespace }, 3600);
      expect(await isHeld(path)).toBe(true);
    },
  );

  it.each([
    ["another machine", JSON.stringify({ pid: 1, host: "elsewhere" })],
    ["another container", JSON.stringify({ pid: 1, host: hostname(), started: 5, namespace: 77 })],
    ["another clock", JSON.stringify({ pid: deadPid(), host: hostname(), started: 5, namespace, clock: 77 })],
    ["nobody knows whom", "{}"],
    ["what is no lock", "rubbish"],
    ["what was half written", '{"pid":1,"ho'],
    ["what is empty", ""],
    ["what is too long", JSON.stringify({ pid: deadPid(), host: hostname(), more: "x".repeat(5000) })],
    ["a name that leads elsewhere", JSON.stringify({ pid: 1, host: "elsewhere", id: "../../x" })],
  ])("waits for %s, whatever the clock says", async (_, text) => {
    const path = lockIn(temporaryFolder());
    for (const age of [30, 3600, 10 * 365 * 86400, -86400]) {
      leave(path, text, age);
      expect(await isHeld(path)).toBe(true);
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });

  it("waits for a folder that has its name", async () => {
    const path = lockIn(temporaryFolder());
    mkdirSync(path);
    expect(await isHeld(path)).toBe(true);
  });

  it.skipIf(process.platform === "win32")(
    `waits for a pipe that has its name, and reads nothing of it${process.platform === "win32" ? " (skipped: no pipes)" : ""}`,
    async () => {
      const path = lockIn(temporaryFolder());
      expect(spawnSync("mkfifo", [path]).status).toBe(0);
      expect(await isHeld(path)).toBe(true);
    },
  );

  it("takes over what dead heirs were about to take over, once among many, and leaves nothing", async () => {
    const folder = temporaryFolder();
    const [first, second] = ["11111111-1", "22222222-2"];
    const dead = (id: string) => ({ pid: deadPid(), host: hostname(), id });
    leave(lockIn(folder), dead(first));
    leave(`${lockIn(folder)}.${first}`, dead(second));
    expect(await crowd(lockIn(folder))).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says who holds it since when, and how to remove it where the holder cannot be seen", async () => {
    const path = lockIn(temporaryFolder());
    const lines: string[] = [];
    const onWait = (_: unknown, line: string) => {
      lines.push(line);
      throw new Error("enough");
    };
    const wait = () => withLock(path, () => {}, { onWait }).catch(() => {});
    leave(path, { pid: 7, host: "else\u001b[31mwhere", since: "2026-01-02T03:04:05.000Z" });
    await wait();
    leave(path, "");
    await wait();
    rmSync(path);
    await withLock(path, wait);
    expect(lines).toEqual([
      `${path} is held by process 7 on else\\u001b[31mwhere since 2026-01-02T03:04:05.000Z; whether that process still runs cannot be told from here: if it does not, delete the file.`,
      `${path} is there and does not say whose it is: if nobody is at work, delete it.`,
      expect.stringMatching(/ is held by process \d+ on \S+ since [\d:.TZ-]+\.$/),
    ]);
  });

  it("goes on telling what is in the way, so that nobody waits for rubbish without a word", async () => {
    const path = lockIn(temporaryFolder());
    leave(path, "rubbish");
    const lines: string[] = [];
    const onWait = (_: unknown, line: string) => {
      if (lines.push(line) === 3) rmSync(path);
    };
    await withLock(path, () => {}, { onWait, poll: 5, remind: 20 });
    expect(lines).toEqual(Array(3).fill(expect.stringContaining(`${path} is there and does not say whose it is`)));
    leave(path, "rubbish");
    const once: string[] = [];
    setTimeout(() => rmSync(path), 200);
    await withLock(path, () => {}, { onWait: (_, line) => void once.push(line), poll: 5, remind: 600_000 });
    expect(once).toHaveLength(1);
  });

  it("tells at first who holds the lock, and ends with what the listener throws", async () => {
    const path = lockIn(temporaryFolder());
    leave(path, { pid: 1, host: "elsewhere" });
    const busy = new Error("busy");
    const owners: unknown[] = [];
    const onWait = (owner: unknown) => {
      owners.push(owner);
      throw busy;
    };
    await expect(withLock(path, () => {}, { onWait })).rejects.toBe(busy);
    expect(owners).toEqual([{ pid: 1, host: "elsewhere" }]);
  });

  it("ends its waiting with the signal's own reason", async () => {
    const path = lockIn(temporaryFolder());
    leave(path, { pid: 1, host: "elsewhere" });
    const reason = new Error("the user's");
    const abort = new AbortController();
    const waiting = withLock(path, () => {}, { signal: abort.signal, onWait: () => abort.abort(reason) });
    await expect(waiting).rejects.toBe(reason);
  });

  it("says in its own error where no lock can be made", async () => {
    const file = lockIn(temporaryFolder());
    writeFileSync(file, "");
    const inFile = join(file, "file.lock");
    await expect(withLock(inFile, () => {})).rejects.toMatchObject({ code: "unwritable", data: { file: inFile } });
  });

  // Where nobody can make files, root included.
  it.skipIf(process.platform !== "linux")(
    `names the folder, and none of its own files, where one refuses new files${process.platform === "linux" ? "" : " (skipped: not Linux)"}`,
    async () => {
      const error = await withLock("/sys/file.lock", () => {}).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "unwritable", data: { file: "/sys" } });
      expect(error.message).toMatch(/^Expected to write \/sys but (permission is denied|the disk is read-only): /);
      expect(error.cause.syscall).toBe("open");
    },
  );

  it.each(["exit", "error", "rejection"])("leaves nothing where the process ends by %s", async (how) => {
    const folder = temporaryFolder();
    const child = start(lockIn(folder), "0", "", how);
    await once(child, "exit");
    expect(child.exitCode).not.toBe(null);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("does not begin if it is called off already", async () => {
    const folder = temporaryFolder();
    let begun = false;
    const work = () => {
      begun = true;
    };
    await expect(withLock(lockIn(folder), work, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    expect(begun).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("removes what was left by one who was killed while taking it over, and nothing else", async () => {
    const folder = temporaryFolder();
    const path = lockIn(folder);
    leave(`${path}.of-an-ended-process`, { pid: deadPid(), host: hostname() });
    leave(`${path}.of-another-machine`, { pid: 1, host: "elsewhere" });
    leave(`${path}.txt`, "no lock");
    await withLock(path, () => {});
    expect(readdirSync(folder).sort()).toEqual(["file.lock.of-another-machine", "file.lock.txt"]);
  });

  it("leaves alone the lock of one who took it over", async () => {
    const path = lockIn(temporaryFolder());
    await withLock(path, () => leave(path, { pid: 1, host: "elsewhere", id: "other" }));
    expect(existsSync(path)).toBe(true);
  });
});
