import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { hasEnded, IDENTITY_LENGTH, ownIdentity, processStatus } from "../src/index.ts";

const [pid, started, namespace] = ownIdentity();

it("is made of whole numbers that fit into shared memory", () => {
  expect(Array.from(new Int32Array(ownIdentity()))).toEqual(ownIdentity());
  expect(ownIdentity()).toHaveLength(IDENTITY_LENGTH);
  expect(pid).toBe(process.pid);
});

it("tells that this process runs, and another one of its number does not", () => {
  expect(hasEnded(ownIdentity())).toBe(false);
  expect(hasEnded([pid, started === 0 ? 0 : started - 100, namespace])).toBe(started !== 0);
});

it("tells that a child has ended", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const identity = [child.pid!, (processStatus(child.pid!)?.started ?? 0) % 2 ** 31, namespace] as const;
  expect(hasEnded(identity)).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect.poll(() => hasEnded(identity)).toBe(true);
});

it("says nothing of processes that it cannot see", () => {
  expect(hasEnded([0, 0, 0])).toBe(false);
  expect(hasEnded([2 ** 22 + 1, 5, namespace + 1])).toBe(false);
  expect(hasEnded([2 ** 22 + 1, 5, namespace])).toBe(true);
});
