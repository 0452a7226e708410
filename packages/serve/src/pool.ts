import type { ChildProcess } from "node:child_process";
import { deserializeError, exitReason, stderrTail } from "@seg/node";
import type { FromWorker, Result, Task, ToWorker, WorkerInfo } from "./messages.ts";
import { Problem } from "./problem.ts";

/** Photos that a worker has at a time: one at the engine, the next is decoded meanwhile, the last is drawn. */
const CAPACITY = 2;

/** Deaths at one photo after which it is at fault. */
const MOST_DEATHS = 2;

/** Milliseconds that a worker has to let go of the photo at its engine once nobody wants it; an engine hears of that between two sizes. */
const PATIENCE = 5_000;

/** Milliseconds before a worker that died while it started is replaced, doubled each time, and the most. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** How a {@link Pool} works. */
export interface PoolOptions {
  /** How many processes. */
  workers: number;
  /** Starts the process of a slot, 0 to `workers − 1`. */
  start(slot: number): ChildProcess;
  /** The most tasks that wait beside those at work. */
  queue: number;
  /** Told when a worker can begin. */
  onReady?(info: WorkerInfo, slot: number): void;
  /** Told when a process died and is replaced: why, as in "it …", and whether it had a photo. */
  onDeath?(reason: string, atWork: boolean): void;
  /** Milliseconds that a worker has to let go of the photo at its engine once nobody wants it; default 5000. */
  patience?: number;
}

/** A task and whoever waits for it. */
interface Job {
  id: number;
  task: Task;
  deaths: number;
  worker: Worker | undefined;
  /** Whether nobody waits for it any more. */
  givenUp: boolean;
  settle(outcome: { result: Result } | { error: unknown }): void;
}

interface Worker {
  slot: number;
  child: ChildProcess;
  ready: boolean;
  /** What it has and has not let go of, given up or not, the one at the engine first as soon as it says so. */
  jobs: Job[];
  /** Ends it, if it does not let go of this job, which is at the engine and given up. */
  patience?: { job: Job; timer: NodeJS.Timeout };
  reason?: string;
  /** Whether it was ended from here. */
  ended?: boolean;
}

/**
 * Worker processes for tasks that come at any time. A process that dies is replaced, and its photos are done again by others; a photo at which
 * two have died fails.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #workers: (Worker | undefined)[] = [];
  readonly #waiting: Job[] = [];
  readonly #pauses = new Set<NodeJS.Timeout>();
  readonly #failures: number[];
  #ids = 0;
  #closed = false;
  #idle: (() => void)[] = [];
  /** Mean seconds that a task takes. */
  #pace = 1;
  /** How many processes were replaced. */
  restarts = 0;
  /** Resolves with the first worker that is ready; rejects if it cannot be. */
  readonly firstReady: Promise<WorkerInfo>;
  #onFirst!: { resolve(info: WorkerInfo): void; reject(error: unknown): void };

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#failures = Array.from({ length: options.workers }, () => 0);
    this.firstReady = new Promise((resolve, reject) => {
      this.#onFirst = { resolve, reject };
    });
    this.firstReady.catch(() => {});
    for (let slot = 0; slot < options.workers; slot++) this.#launch(slot);
  }

  /** Workers that can begin. */
  get ready(): number {
    return this.#workers.filter((worker) => worker?.ready).length;
  }

  /** Tasks that wait for a worker. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tasks at the workers. */
  get working(): number {
    return this.#workers.reduce((sum, worker) => sum + (worker ? wanted(worker).length : 0), 0);
  }

  /** Whether no more tasks are taken just now. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#options.queue && this.#freest() === undefined;
  }

  /** Seconds after which there will probably be room, 1 to 60. */
  get retryAfter(): number {
    const seconds = (this.#pace * (this.#waiting.length + 1)) / Math.max(1, this.ready);
    return Math.min(60, Math.max(1, Math.ceil(seconds)));
  }

  /**
   * Has a task done.
   *
   * @param signal - gives it up; the promise then rejects with its reason at once.
   * @throws {Problem} `queue-full`, `not-ready`, or `failed` after two deaths.
   * @throws the error that the worker found.
   */
  run(task: Task, signal: AbortSignal): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#closed) return reject(new Problem("not-ready", "The service is about to end.", { "retry-after": "5" }));
      if (this.isFull) return reject(this.full());
      const began = performance.now();
      const abort = () => this.#giveUp(job, signal.reason);
      const job: Job = {
        id: this.#ids++,
        task,
        deaths: 0,
        worker: undefined,
        givenUp: false,
        settle: (outcome) => {
          signal.removeEventListener("abort", abort);
          if ("error" in outcome) reject(outcome.error);
          else {
            this.#pace += ((performance.now() - began) / 1000 / (1 + this.#waiting.length / CAPACITY) - this.#pace) / 8;
            resolve(outcome.result);
          }
          if (this.#isIdle) for (const idle of this.#idle.splice(0)) idle();
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(job);
      this.#handOut();
    });
  }

  /** The problem of a task that finds no room. */
  full(): Problem {
    const detail = `${this.#waiting.length} requests are waiting, which is all that the queue holds.`;
    return new Problem("queue-full", detail, { "retry-after": String(this.retryAfter) });
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.working === 0;
  }

  /**
   * Takes no more tasks, waits for those there are, and ends the processes.
   *
   * @param milliseconds - how long is waited; what is not done by then is given up.
   * @returns whether all was done.
   */
  async close(milliseconds: number): Promise<boolean> {
    this.#closed = true;
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, milliseconds);
    });
    const idle = this.#isIdle ? undefined : new Promise<void>((resolve) => this.#idle.push(resolve));
    await Promise.race([idle, late]);
    clearTimeout(limit);
    const done = this.#isIdle;
    for (const pause of this.#pauses) clearTimeout(pause);
    const ending = new Problem("not-ready", "The service ended before the photo was done.", { "retry-after": "5" });
    for (const job of this.#waiting.splice(0)) job.settle({ error: ending });
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (!worker) return;
        for (const job of wanted({ jobs: worker.jobs.splice(0) })) job.settle({ error: ending });
        clearTimeout(worker.patience?.timer);
        await ended(worker);
      }),
    );
    this.#onFirst.reject(ending);
    return done;
  }

  #launch(slot: number): void {
    const child = this.#options.start(slot);
    const worker: Worker = { slot, child, ready: false, jobs: [] };
    this.#workers[slot] = worker;
    const stderr = stderrTail(child);
    child.on("message", (message) => this.#onMessage(worker, message as FromWorker));
    child.once("error", (error) => {
      worker.reason ??= `did not start (${error.message})`;
      if (child.pid === undefined) this.#onEnd(worker);
    });
    child.once("exit", (code, signal) => {
      // Photos whose messages have not arrived are done again by another.
      child.removeAllListeners("message");
      worker.reason ??= exitReason({ code, signal, stderr: stderr() });
      this.#onEnd(worker);
    });
  }

  #onMessage(worker: Worker, message: FromWorker): void {
    if (message.type === "dying") {
      worker.reason = message.reason;
    } else if (message.type === "ready") {
      worker.ready = true;
      this.#failures[worker.slot] = 0;
      this.#options.onReady?.(message.info, worker.slot);
      this.#onFirst.resolve(message.info);
    } else if (message.type === "failed" && message.id === undefined) {
      // The settings' fault: told to whoever waits for the first worker, and tried again in case that it passes.
      const error = deserializeError(message.error);
      worker.reason = `failed: ${error.message}`;
      this.#onFirst.reject(error);
      worker.child.kill("SIGKILL");
    } else if (message.type === "working") {
      const job = worker.jobs.find(({ id }) => id === message.id);
      if (job) worker.jobs = [job, ...worker.jobs.filter((other) => other !== job)];
    } else {
      const job = worker.jobs.find(({ id }) => id === message.id);
      worker.jobs = worker.jobs.filter((other) => other !== job);
      if (job && !job.givenUp) {
        job.settle(message.type === "done" ? { result: message.result } : { error: deserializeError(message.error) });
      }
    }
    this.#watch(worker);
    this.#handOut();
  }

  #onEnd(worker: Worker): void {
    clearTimeout(worker.patience?.timer);
    const { jobs, slot, reason = "ended" } = worker;
    const [first] = jobs;
    worker.jobs = [];
    this.#workers[slot] = undefined;
    if (this.#closed && this.#isIdle) return;
    // The photo that the engine was at, unless it was ended from here.
    if (first && !worker.ended) first.deaths++;
    for (const job of wanted({ jobs }).reverse()) {
      job.worker = undefined;
      if (job.deaths < MOST_DEATHS) this.#waiting.unshift(job);
      else job.settle({ error: new Problem("failed", "Two workers died at this photo, one after the other.") });
    }
    this.restarts++;
    this.#options.onDeath?.(reason, first !== undefined);
    const failures = worker.ready ? 0 : ++this.#failures[slot]!;
    // Nothing was ever ready, and it is not one bad moment.
    if (failures > 1) this.#onFirst.reject(new Error(reason));
    const pause = setTimeout(
      () => {
        this.#pauses.delete(pause);
        this.#launch(slot);
      },
      failures === 0 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)),
    );
    this.#pauses.add(pause);
    this.#handOut();
  }

  #giveUp(job: Job, reason: unknown): void {
    const { worker } = job;
    if (!worker) {
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
    } else {
      job.givenUp = true;
      this.#tell(worker, { type: "cancel", id: job.id });
      this.#watch(worker);
    }
    job.settle({ error: reason });
  }

  /**
   * Ends an engine that computes on for nobody. One at a photo that is wanted goes on, whatever else its worker holds: who goes away while
   * he waits costs nobody else's work.
   */
  #watch(worker: Worker): void {
    const [job] = worker.jobs;
    if (worker.patience && worker.patience.job === job) return;
    clearTimeout(worker.patience?.timer);
    delete worker.patience;
    if (!job?.givenUp) return;
    const timer = setTimeout(() => {
      worker.reason = "computed on after its photo was given up";
      worker.ended = true;
      worker.child.kill("SIGKILL");
    }, this.#options.patience ?? PATIENCE);
    worker.patience = { job, timer };
  }

  /** The worker with most room, if one has any. */
  #freest(): Worker | undefined {
    let best: Worker | undefined;
    for (const worker of this.#workers) {
      if (worker?.ready && load(worker) < (best ? load(best) : CAPACITY)) best = worker;
    }
    return best;
  }

  #handOut(): void {
    for (;;) {
      const worker = this.#waiting.length > 0 ? this.#freest() : undefined;
      if (!worker) return;
      const job = this.#waiting.shift()!;
      job.worker = worker;
      worker.jobs.push(job);
      this.#tell(worker, { type: "task", id: job.id, task: job.task });
    }
  }

  // Where the process is gone already, its end follows.
  #tell(worker: Worker, message: ToWorker): void {
    worker.child.send(message, () => {});
  }
}

const load = ({ jobs }: Worker) => jobs.length;

/** Jobs that somebody waits for. */
const wanted = ({ jobs }: Pick<Worker, "jobs">) => jobs.filter(({ givenUp }) => !givenUp);

/** Ends a process, which holds nothing that would have to be saved. */
function ended({ child }: Worker): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["message", "exit", "error"]) child.removeAllListeners(event);
    child.on("error", () => resolve()).once("exit", () => resolve());
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve();
    child.kill("SIGKILL");
  });
}
