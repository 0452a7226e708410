import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type SerializedError, serializeError } from "@seg/node";
import { temporaryFolder } from "@seg/testing/node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runWorkers } from "../../src/evaluate/pool.ts";

interface Task {
  once?: string;
  kill?: NodeJS.Signals;
  mute?: boolean;
  exit?: number;
  says?: string;
  failed?: SerializedError;
  dying?: string;
  wait?: number;
}

let children: ChildProcess[];
let results: Map<number, number>;
let mark: string;

beforeEach(() => {
  children = [];
  results = new Map();
  mark = join(temporaryFolder(), "mark");
});

afterEach(() => {
  for (const { exitCode, signalCode } of children) expect(exitCode ?? signalCode, "a process is left").not.toBeNull();
});

interface How {
  workers?: number;
  signal?: AbortSignal;
  patience?: number;
  words?: string[];
  onResult?: () => void;
  onDeath?: (reason: string, where: string) => void;
  onWaiting?: (slot: number, during: string, seconds: number) => void;
  waitingMs?: number;
}

const run = (tasks: Task[], { workers = 2, words = [], onResult, ...how }: How = {}) =>
  runWorkers<Task, string, { square: number }>({
    ...how,
    tasks,
    workers,
    start() {
      const fake = fileURLToPath(new URL("fake-worker.mjs", import.meta.url));
      const child = fork(fake, words, { execArgv: [], serialization: "advanced", silent: true });
      children.push(child);
      return child;
    },
    nameOf: (task) => `image ${tasks.indexOf(task)}`,
    onResult({ square }, index) {
      expect(results.has(index), "done twice").toBe(false);
      results.set(index, square);
      onResult?.();
    },
  });

const tasks = (count: number, special: Record<number, Task> = {}): Task[] =>
  Array.from({ length: count }, (_, i) => special[i] ?? { wait: 5 });

function expectAll(count: number): void {
  expect([...results.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  for (const [index, square] of results) expect(square).toBe(index ** 2);
}

it.each([1, 2, 5])("has every task done once by %i workers", async (workers) => {
  await run(tasks(20), { workers });
  expectAll(20);
  expect(children.length).toBe(workers);
});

it("starts no more workers than there are tasks, and none for none", async () => {
  await run(tasks(2), { workers: 8 });
  expect(children.length).toBe(2);
  await run([]);
  expect(children.length).toBe(2);
});

it("replaces a worker that was killed and does all its tasks again", async () => {
  const deaths: string[] = [];
  const onDeath = (reason: string, where: string) => deaths.push(`${where}: ${reason}`);
  await run(tasks(12, { 5: { once: mark, kill: "SIGKILL" } }), { onDeath });
  expectAll(12);
  expect(children.length).toBe(3);
  expect(deaths).toEqual([expect.stringMatching(/^on image 5: was killed by SIGKILL/)]);
});

it("survives the death of each of its workers", async () => {
  const special = { 1: { once: mark, kill: "SIGKILL" }, 8: { once: `${mark}2`, kill: "SIGABRT" } } as const;
  await run(tasks(12, special), { workers: 6 });
  expectAll(12);
});

it("ends when a task has killed two workers, and names it", async () => {
  await expect(run(tasks(40, { 7: { kill: "SIGKILL" } }), { workers: 4 })).rejects.toMatchObject({
    code: "failed",
    data: { task: "image 7", reason: expect.stringContaining("SIGKILL") },
  });
  expect(results.has(7)).toBe(false);
});

it("ends when a worker's replacement dies too, and names the task it was at", async () => {
  const special = { 1: { once: mark, kill: "SIGKILL" }, 4: { exit: 7, says: "something broke" } } as const;
  await expect(run(tasks(9, special), { workers: 1 })).rejects.toMatchObject({
    code: "failed",
    data: { task: "image 4", reason: "ended with code 7 (something broke)" },
  });
});

it("tells that memory ran out, and what a worker said of its own end", async () => {
  const exhausted = {
    exit: 134,
    says: "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
  };
  await expect(run([exhausted])).rejects.toMatchObject({
    code: "failed",
    data: { reason: expect.stringMatching(/^ran out of memory, that of JavaScript/) },
  });
  const reason = "failed: Error: OOM when allocating";
  await expect(run([{ dying: reason }])).rejects.toMatchObject({ code: "failed", data: { reason } });
});

it("ends when no worker gets as far as its first task", async () => {
  await expect(run(tasks(3), { workers: 1, words: ["stillborn"] })).rejects.toMatchObject({
    code: "failed",
    data: { task: undefined, reason: "ended with code 3" },
    message: expect.stringContaining("died while it started"),
  });
  expect(children.length).toBe(2);
});

it("takes a worker that falls silent for dead", async () => {
  await run(tasks(6, { 2: { once: mark, mute: true } }), { patience: 4, workers: 1 });
  expectAll(6);
  expect(children.map(({ signalCode }) => signalCode)).toEqual(["SIGKILL", "SIGKILL"]);
});

it("ends at once with the fault that a worker found, its code kept", async () => {
  const failed = { name: "DataError", message: "a.png: too blue", code: "bad-label" };
  const sent = serializeError(Object.assign(new Error(failed.message), failed));
  await expect(run(tasks(50, { 3: { failed: sent } }))).rejects.toMatchObject(failed);
  expect(children.length).toBe(2);
});

it("ends with an error of whoever takes the results", async () => {
  const onResult = () => {
    throw new Error("disk full");
  };
  await expect(run(tasks(3), { onResult })).rejects.toThrow("disk full");
});

it("ends when it is told to, whether before or amid the work", async () => {
  const controller = new AbortController();
  const onResult = () => controller.abort(new Error("enough"));
  await expect(run(tasks(50), { signal: controller.signal, onResult })).rejects.toThrow("enough");
  const before = children.length;
  await expect(run(tasks(50), { signal: controller.signal })).rejects.toThrow("enough");
  expect(children.length).toBe(before);
});

it("says which worker it waits for and at what, where one was stopped, and can be ended meanwhile", async () => {
  const controller = new AbortController();
  const told: [number, string, number][] = [];
  const onWaiting = (...words: [number, string, number]) => {
    told.push(words);
    if (told.length === 2) controller.abort(new Error("enough"));
  };
  const { signal } = controller;
  const how = { workers: 1, waitingMs: 2000, signal, onWaiting };
  await expect(run(tasks(2, { 1: { kill: "SIGSTOP" } }), how)).rejects.toThrow("enough");
  expect(told).toEqual([
    [0, "image 1", 2],
    [0, "image 1", 4],
  ]);
});
