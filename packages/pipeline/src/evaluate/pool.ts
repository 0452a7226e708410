import type { ChildProcess } from "node:child_process";
import { deserializeError, exitReason, stderrTail } from "@seg/node";
import { PipelineError } from "../errors.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** A pool of worker processes, and its tasks. */
export interface WorkerPool<Task, Info, Result> {
  tasks: readonly Task[];
  /** How many processes work at a time, each in a slot of its own. */
  workers: number;
  /** Starts the process of worker `slot`, 0 to `workers − 1`; it sends {@link FromWorker} and receives {@link ToWorker}. */
  start(slot: number): ChildProcess;
  /** What a task is called in an error. */
  nameOf(task: Task): string;
  /** Told when a worker can begin. */
  onReady?(info: Info, slot: number): void;
  /** Told when a process died and is replaced: why, as in "it …", and where, as in "on a.jpg". */
  onDeath?(reason: string, where: string): void;
  /** Told once for each task, in the order in which they are finished. */
  onResult(result: Result, index: number): void;
  /** Told of a worker that has said nothing for `waitingMs`, 10 000 unless given, and again each time that it has been silent for as much more. */
  onWaiting?(slot: number, during: string, seconds: number): void;
  waitingMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Seconds without a message after which a worker that has tasks is killed; default 600. */
  patience?: number;
}

/** A worker process. */
interface Worker {
  child: ChildProcess;
  /** How many processes of its slot died before it. */
  deaths: number;
  /** How many more tasks it takes; 0 until it is ready. */
  capacity: number;
  /** Its tasks, the one at work first as soon as it says so. */
  assigned: number[];
  /** Seconds since its last message. */
  silentFor: number;
  /** Why it died. */
  reason: string | undefined;
}

/**
 * Has every task done once, each by the process with most free capacity. A process that dies is replaced once and its tasks are
 * done again; a second death in its slot, or of the same task, ends the pool. So does an error that a worker reports of a task. No
 * process outlives the returned promise.
 *
 * @throws {PipelineError} `failed` after a second death, naming the task.
 * @throws the error that a worker found, or the signal's reason.
 */
export async function runWorkers<Task, Info, Result>(pool: WorkerPool<Task, Info, Result>): Promise<void> {
  const { tasks, signal, patience = 600, waitingMs = 10_000 } = pool;
  signal?.throwIfAborted();
  const waiting = tasks.map((_, index) => index);
  const deathsOf = new Map<number, number>();
  const running = new Set<ChildProcess>();
  const workers: Worker[] = [];
  const { promise: ended, resolve: finish, reject: fail } = withResolvers();
  let left = tasks.length;
  if (left === 0) finish();

  const launch = (slot: number, deaths: number): Worker => {
    const child = pool.start(slot);
    const worker: Worker = { child, deaths, capacity: 0, assigned: [], silentFor: 0, reason: undefined };
    running.add(child);
    const stderr = stderrTail(child);
    const onMessage = (message: FromWorker<Info, Result>) => {
      worker.silentFor = 0;
      if (message.type === "failed") fail(deserializeError(message.error));
      else if (message.type === "dying") worker.reason = message.reason;
      else if (message.type === "ready") {
        worker.capacity = message.capacity;
        pool.onReady?.(message.info, slot);
      } else if (message.type === "working") {
        worker.assigned = [message.index, ...worker.assigned.filter((index) => index !== message.index)];
      } else {
        worker.assigned = worker.assigned.filter((index) => index !== message.index);
        worker.capacity++;
        pool.onResult(message.result, message.index);
        if (--left === 0) finish();
      }
      handOut();
    };
    child.on("message", (message) => {
      try {
        onMessage(message as FromWorker<Info, Result>);
      } catch (error) {
        fail(error); // one of the caller's own
      }
    });
    child.once("error", fail);
    child.once("exit", (code, killedBy) => {
      running.delete(child);
      // Tasks of messages that have not arrived are done again by another.
      child.removeAllListeners("message");
      worker.reason ??= exitReason({ code, signal: killedBy, stderr: stderr() });
      onExit(worker, slot);
    });
    return worker;
  };

  const onExit = (worker: Worker, slot: number) => {
    const [task] = worker.assigned;
    worker.capacity = 0;
    // No task is left for a replacement.
    if (task === undefined && waiting.length === 0) return;
    const deathsOfTask = task === undefined ? 0 : (deathsOf.get(task) ?? 0) + 1;
    if (task !== undefined) deathsOf.set(task, deathsOfTask);
    const name = task === undefined ? undefined : pool.nameOf(tasks[task]!);
    const where = name === undefined ? "while it started" : `on ${name}`;
    const reason = worker.reason!;
    if (worker.deaths > 0 || deathsOfTask > 1) {
      fail(
        new PipelineError(
          "failed",
          {
            expected: "every image to be scored",
            but: `a worker died ${where}, the second time`,
            hint: `it ${reason}. If memory is short, use fewer --workers or smaller --sizes`,
          },
          { data: { task: name, reason } },
        ),
      );
      return;
    }
    pool.onDeath?.(reason, where);
    waiting.unshift(...worker.assigned);
    workers[slot] = launch(slot, worker.deaths + 1);
  };

  const atWorkOn = ({ assigned: [task] }: Worker) => (task === undefined ? "start" : pool.nameOf(tasks[task]!));

  const handOut = () => {
    while (waiting.length > 0) {
      const worker = workers.reduce((best, other) => (other.capacity > best.capacity ? other : best));
      if (worker.capacity === 0) return;
      const index = waiting.shift()!;
      worker.assigned.push(index);
      worker.capacity--;
      // Where the process is gone already, its end follows.
      worker.child.send({ index, task: tasks[index]! } satisfies ToWorker<Task>, () => {});
    }
  };

  const abort = () => fail(signal!.reason);
  signal?.addEventListener("abort", abort);
  // Counts timer ticks, not the clock: while the machine is suspended, no worker is late.
  const watch = setInterval(() => {
    for (const [slot, worker] of workers.entries()) {
      if (worker.capacity > 0 && worker.assigned.length === 0) continue;
      const seconds = ++worker.silentFor;
      if (seconds % Math.ceil(waitingMs / 1000) === 0) pool.onWaiting?.(slot, atWorkOn(worker), seconds);
      if (seconds < patience) continue;
      worker.reason = `said nothing for ${patience} seconds`;
      worker.child.kill("SIGKILL");
    }
  }, 1000);
  try {
    for (let slot = 0; slot < Math.min(pool.workers, tasks.length); slot++) workers[slot] = launch(slot, 0);
    await ended;
  } finally {
    clearInterval(watch);
    signal?.removeEventListener("abort", abort);
    await Promise.all([...running].map(stop));
  }
}

/** Ends a process, which holds nothing that would have to be saved. */
function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["message", "exit", "error"]) child.removeAllListeners(event);
    child.once("exit", () => resolve());
    child.on("error", () => resolve());
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve();
    child.kill("SIGKILL");
  });
}

// Promise.withResolvers, which Node 20 lacks.
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (reason: unknown) => void } {
  let resolve!: () => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
