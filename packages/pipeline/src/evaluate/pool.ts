import type { ChildProcess } from "node:child_process";
import { causeOfDeath, lastWords, unpackError } from "@seg/node";
import { PipelineError } from "../errors.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** Tasks, and the processes that do them. */
export interface WorkerPool<Task, Info, Result> {
  tasks: readonly Task[];
  /** How many processes work at a time. */
  workers: number;
  /** Starts the process of a place, 0 to `workers − 1`; it speaks as {@link FromWorker} says and is told {@link ToWorker}. */
  start(place: number): ChildProcess;
  /** What a task is called in an error. */
  nameOf(task: Task): string;
  /** Told when a worker can begin. */
  onReady?(info: Info, place: number): void;
  /** Told when a process died and is replaced: why, as in "it …", and where, as in "on a.jpg". */
  onDeath?(reason: string, where: string): void;
  /** Told once for each task, in the order in which they are finished. */
  onResult(result: Result, index: number): void;
  signal?: AbortSignal | undefined;
  /** Seconds of silence after which a worker that has work is taken for dead; default 600. */
  patience?: number;
}

/** One of the places at which a process works. */
interface Place {
  child: ChildProcess;
  deaths: number;
  /** How many more tasks it would take; 0 until it is ready. */
  room: number;
  /** Its tasks, the one at work first as soon as it says so. */
  held: number[];
  /** Seconds since it last said something. */
  silence: number;
  /** What it said before it died. */
  reason: string | undefined;
}

/**
 * Has every task done once, each by the process that is free for it first. A process that dies is replaced once and its tasks are
 * done again; when its place sees a second death, or the same task a second one, everything ends. So does it when a worker finds
 * fault with a task. No process outlives the returned promise.
 *
 * @throws {PipelineError} `failed` after a second death, naming the task.
 * @throws the error that a worker found, or the signal's reason.
 */
export async function runWorkers<Task, Info, Result>(pool: WorkerPool<Task, Info, Result>): Promise<void> {
  const { tasks, signal, patience = 600 } = pool;
  signal?.throwIfAborted();
  const waiting = tasks.map((_, index) => index);
  const deathsOf = new Map<number, number>();
  const running = new Set<ChildProcess>();
  const places: Place[] = [];
  const { promise: ended, resolve: finish, reject: fail } = withResolvers();
  let left = tasks.length;
  if (left === 0) finish();

  const launch = (number: number, deaths: number): Place => {
    const child = pool.start(number);
    const place: Place = { child, deaths, room: 0, held: [], silence: 0, reason: undefined };
    running.add(child);
    const stderr = lastWords(child);
    const onMessage = (message: FromWorker<Info, Result>) => {
      place.silence = 0;
      if (message.type === "failed") fail(unpackError(message.error));
      else if (message.type === "dying") place.reason = message.reason;
      else if (message.type === "ready") {
        place.room = message.capacity;
        pool.onReady?.(message.info, number);
      } else if (message.type === "working") {
        place.held = [message.index, ...place.held.filter((index) => index !== message.index)];
      } else {
        place.held = place.held.filter((index) => index !== message.index);
        place.room++;
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
      // What it may still have said is done again by another.
      child.removeAllListeners("message");
      place.reason ??= causeOfDeath({ code, signal: killedBy, stderr: stderr() });
      onExit(place, number);
    });
    return place;
  };

  const onExit = (place: Place, number: number) => {
    const [task] = place.held;
    place.room = 0;
    // Nothing is left for another one to do.
    if (task === undefined && waiting.length === 0) return;
    const deathsOfTask = task === undefined ? 0 : (deathsOf.get(task) ?? 0) + 1;
    if (task !== undefined) deathsOf.set(task, deathsOfTask);
    const name = task === undefined ? undefined : pool.nameOf(tasks[task]!);
    const where = name === undefined ? "while it started" : `on ${name}`;
    const reason = place.reason!;
    if (place.deaths > 0 || deathsOfTask > 1) {
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
    waiting.unshift(...place.held);
    places[number] = launch(number, place.deaths + 1);
  };

  const handOut = () => {
    while (waiting.length > 0) {
      const place = places.reduce((best, other) => (other.room > best.room ? other : best));
      if (place.room === 0) return;
      const index = waiting.shift()!;
      place.held.push(index);
      place.room--;
      // Where the process is gone already, its end follows.
      place.child.send({ index, task: tasks[index]! } satisfies ToWorker<Task>, () => {});
    }
  };

  const abort = () => fail(signal!.reason);
  signal?.addEventListener("abort", abort);
  // Counts its own beats, not the clock: while the machine sleeps, nobody is silent.
  const watch = setInterval(() => {
    for (const place of places) {
      if (place.room > 0 && place.held.length === 0) continue;
      if (++place.silence < patience) continue;
      place.reason = `said nothing for ${patience} seconds`;
      place.child.kill("SIGKILL");
    }
  }, 1000);
  try {
    for (let number = 0; number < Math.min(pool.workers, tasks.length); number++) places[number] = launch(number, 0);
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
