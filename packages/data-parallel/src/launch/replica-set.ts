import type { Waiting } from "@seg/collectives";
import { deserializeError } from "@seg/node";
import { DataParallelError } from "../errors.ts";
import type { FromReplica, Request } from "../replica/messages.ts";
import type { ReplicaWorker, WorkerListener } from "./replica-worker.ts";

/** How many milliseconds a failure of a collective waits for its root cause: the failure of another rank. */
const ROOT_CAUSE_MS = 1000;

/** How many milliseconds replicas may take to exit. */
const SHUTDOWN_TIMEOUT_MS = 5000;

/** A request to each replica, until all have responded. */
interface PendingRequest {
  results: unknown[];
  outstanding: number;
  onReport(value: unknown, rank: number): void;
  resolve(results: unknown[]): void;
  reject(error: unknown): void;
}

/** Told of what replicas say by themselves. */
interface ReplicaSetListener {
  onLog(line: string, rank: number): void;
  /** Some wait for others, of which the last to be heard of said something `silentMs` ago. */
  onWaiting(waiting: Waiting, silentMs: number): void;
}

/** The replicas of a launch. Each request goes to all of them, and the first failure ends all. */
export class ReplicaSet {
  readonly #workers: readonly ReplicaWorker[];
  readonly #pending = new Map<number, PendingRequest>();
  #requests = 0;
  #failure: unknown;
  #terminating: Promise<void> | undefined;
  /** A failure of a collective, which another rank may have caused. */
  #secondaryFailure: DataParallelError | undefined;

  /** @param launch - Starts the thread or process of a rank. */
  constructor(
    size: number,
    launch: (rank: number, listener: WorkerListener) => ReplicaWorker,
    { onLog, onWaiting }: ReplicaSetListener,
  ) {
    const heard = Array.from({ length: size }, () => performance.now());
    this.#workers = Array.from({ length: size }, (_, rank) =>
      launch(rank, {
        onMessage: (message) => {
          try {
            heard[rank] = performance.now();
            if (message.type === "log") onLog(message.line, rank);
            else if (message.type === "waiting") {
              const last = Math.max(...message.waiting.ranks.map((waitedFor) => heard[waitedFor]!));
              onWaiting(message.waiting, performance.now() - last);
            } else this.#onMessage(message, rank);
          } catch (error) {
            void this.terminate(error); // one of the caller's callbacks threw
          }
        },
        onExit: (reason, cause) => this.#onFailure(rank, reason, cause),
      }),
    );
    this.#updateRefs();
  }

  /** Why the replicas were ended; undefined while they run. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Sends a request to every replica; several may be outstanding.
   *
   * @param transfer - The transfer list of each request: memory that is moved to its replica, not copied.
   * @returns The results in rank order.
   * @throws whatever ended the replicas.
   */
  request(
    requests: readonly Request[],
    {
      transfer,
      signal,
      onReport = () => {},
    }: { transfer?: ArrayBuffer[][]; signal?: AbortSignal | undefined } & Partial<Pick<PendingRequest, "onReport">>,
  ): Promise<unknown[]> {
    const id = this.#requests++;
    const abort = () => {
      for (const worker of this.#workers) {
        worker.send({ type: "abort", id });
        worker.wake();
      }
    };
    return new Promise<unknown[]>((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      this.#pending.set(id, { results: [], outstanding: requests.length, onReport, resolve, reject });
      this.#updateRefs();
      signal?.addEventListener("abort", abort);
      try {
        requests.forEach((request, rank) => {
          this.#workers[rank]!.send({ ...request, id }, transfer?.[rank]);
        });
      } catch (cause) {
        // Replicas that have the request already wait for the others in a collective.
        const but = (cause as Error).message;
        void this.terminate(
          new DataParallelError("scatter", { expected: "what can be sent to a replica", but }, { cause }),
        );
      }
    }).finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Graceful shutdown of idle replicas; those that do not exit in time, or are at work, are terminated. */
  async shutDown(reason: unknown): Promise<void> {
    if (!this.#failure && this.#pending.size === 0) {
      this.#failure = reason;
      for (const worker of this.#workers) {
        worker.setRef(true);
        worker.send({ type: "dispose" });
      }
      await withTimeout(SHUTDOWN_TIMEOUT_MS, Promise.all(this.#workers.map(({ exited }) => exited)));
    }
    await this.terminate(reason);
  }

  /** Terminates all replicas; pending requests reject with `reason`. */
  terminate(reason: unknown): Promise<void> {
    this.#failure ??= reason;
    this.#terminating ??= this.#terminateAll();
    return this.#terminating;
  }

  async #terminateAll(): Promise<void> {
    await withTimeout(SHUTDOWN_TIMEOUT_MS, Promise.all(this.#workers.map((worker) => worker.terminate())));
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
    this.#updateRefs();
  }

  #onMessage(message: Exclude<FromReplica, { type: "log" | "waiting" }>, rank: number): void {
    if (message.type === "failed") {
      const cause = deserializeError(message.error);
      this.#onFailure(rank, `failed: ${cause.message.split("\n", 1)[0]}`, cause);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === "report") pending.onReport(message.value, rank);
    else this.#onDone(message, pending, rank);
  }

  #onDone({ id, value }: FromReplica & { type: "done" }, pending: PendingRequest, rank: number): void {
    pending.results[rank] = value;
    if (--pending.outstanding > 0) return;
    this.#pending.delete(id);
    this.#updateRefs();
    pending.resolve(pending.results);
  }

  #onFailure(rank: number, reason: string, cause: unknown): void {
    if (this.#failure) return;
    const size = this.#workers.length;
    const failure = new DataParallelError("replica", `Replica ${rank} of ${size} ${reason}`, {
      cause,
      data: { rank, size },
    });
    if (!isAboutPeers(cause)) {
      void this.terminate(failure);
    } else if (!this.#secondaryFailure) {
      this.#secondaryFailure = failure;
      setTimeout(() => void this.terminate(failure), ROOT_CAUSE_MS);
    }
  }

  #updateRefs(): void {
    for (const worker of this.#workers) worker.setRef(this.#pending.size > 0);
  }
}

/** Whether an error is of a collective that failed because of other ranks. */
function isAboutPeers(error: unknown): boolean {
  const { name, code } = (error ?? {}) as NodeJS.ErrnoException;
  return name === "CollectiveError" && ["dead", "timeout", "mismatch"].includes(code!);
}

/** Waits for a promise, at most `ms` milliseconds. */
async function withTimeout(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
