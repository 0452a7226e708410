import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { withLock } from "../../src/weights/lock.ts";

const lockIn = (folder: string) => join(folder, "file.lock");

it("lets one in at a time", async () => {
  const folder = temporaryFolder();
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(10);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(lockIn(folder), work, { poll: 5 })));
  expect(most).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

it("opens again after an error", async () => {
  const path = lockIn(temporaryFolder());
  await expect(withLock(path, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(existsSync(path)).toBe(false);
});

it("takes over from a process that has died, once among many", async () => {
  const folder = temporaryFolder();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(lockIn(folder), JSON.stringify({ pid, host: hostname() }));
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(10);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(lockIn(folder), work, { poll: 5 })));
  expect(most).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

it("takes over a lock of another machine that shows no life any more", async () => {
  const path = lockIn(temporaryFolder());
  writeFileSync(path, JSON.stringify({ pid: 1, host: "elsewhere" }));
  const old = new Date(Date.now() - 120_000);
  utimesSync(path, old, old);
  expect(await withLock(path, async () => "in")).toBe("in");
});

it("waits for another machine that lives, until aborted", async () => {
  const path = lockIn(temporaryFolder());
  writeFileSync(path, JSON.stringify({ pid: 1, host: "elsewhere" }));
  const abort = new AbortController();
  const onWait = () => abort.abort();
  await expect(withLock(path, async () => "in", { signal: abort.signal, onWait })).rejects.toThrow(/aborted/);
  expect(existsSync(path)).toBe(true);
});
