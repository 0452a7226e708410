import { unpackError } from "@seg/node";
import { DataParallelError } from "../errors.ts";
import type { FromReplica, Request } from "../replica/messages.ts";
import type { Place, PlaceListener } from "./place.ts";

/** A rank that complains about the others may be told why by one of them, this many milliseconds later. */
const GRACE_MS = 1000;

/** How many milliseconds replicas may take to end. */
const PATIENCE_MS = 5000;

/** One question to each replica. */
interface Round {
  answers: unknown[];
  left: number;
  onReport(value: unknown, rank: number): void;
  resolve(answers: unknown[]): void;
  reject(error: unknown): void;
}

/** Replicas that are asked together, and end together: whichever fails first. */
export class Crew {
  readonly #places: readonly Place[];
  readonly #rounds = new Map<number, Round>();
  #asked = 0;
  #end: unknown;
  #ending: Promise<void> | undefined;
  #complaint: DataParallelError | undefined;

  /** @param launch - Starts the thread or process of a rank. */
  constructor(
    size: number,
    launch: (rank: number, listener: PlaceListener) => Place,
    onLog: (line: string, rank: number) => void,
  ) {
    this.#places = Array.from({ length: size }, (_, rank) =>
      launch(rank, {
        onMessage: (message) => {
          try {
            if (message.type === "log") onLog(message.line, rank);
            else this.#hear(message, rank);
          } catch (error) {
            void this.end(error); // one of the caller's own
          }
        },
        onEnd: (reason, cause) => this.#fail(rank, reason, cause),
      }),
    );
    this.#hold();
  }

  /** Why everything ended; undefined while it has not. */
  get failure(): unknown {
    return this.#end;
  }

  /**
   * Asks every replica; questions may be asked before earlier ones are answered.
   *
   * @param moved - Memory of each request that goes to its replica instead of being copied.
   * @returns The answers in rank order.
   * @throws whatever ended the replicas.
   */
  ask(
    requests: readonly Request[],
    {
      moved,
      signal,
      onReport = () => {},
    }: { moved?: ArrayBuffer[][]; signal?: AbortSignal | undefined } & Partial<Pick<Round, "onReport">>,
  ): Promise<unknown[]> {
    const id = this.#asked++;
    const abort = () => {
      for (const place of this.#places) place.send({ type: "abort", id });
    };
    return new Promise<unknown[]>((resolve, reject) => {
      if (this.#end) throw this.#end;
      this.#rounds.set(id, { answers: [], left: requests.length, onReport, resolve, reject });
      this.#hold();
      signal?.addEventListener("abort", abort);
      try {
        requests.forEach((request, rank) => {
          this.#places[rank]!.send({ ...request, id }, moved?.[rank]);
        });
      } catch (cause) {
        // Those that were asked already wait for the others.
        const but = (cause as Error).message;
        void this.end(new DataParallelError("scatter", { expected: "what can be sent to a replica", but }, { cause }));
      }
    }).finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Lets idle replicas end by themselves, and whoever does not by force. */
  async dismiss(reason: unknown): Promise<void> {
    if (!this.#end && this.#rounds.size === 0) {
      this.#end = reason;
      for (const place of this.#places) {
        place.hold(true);
        place.send({ type: "dispose" });
      }
      await atMost(PATIENCE_MS, Promise.all(this.#places.map(({ ended }) => ended)));
    }
    await this.end(reason);
  }

  /** Ends all replicas at once; whoever waits for answers is refused with `reason`. */
  end(reason: unknown): Promise<void> {
    this.#end ??= reason;
    this.#ending ??= this.#endAll();
    return this.#ending;
  }

  async #endAll(): Promise<void> {
    await atMost(PATIENCE_MS, Promise.all(this.#places.map((place) => place.kill())));
    for (const { reject } of this.#rounds.values()) reject(this.#end);
    this.#rounds.clear();
    this.#hold();
  }

  #hear(message: Exclude<FromReplica, { type: "log" }>, rank: number): void {
    if (message.type === "failed") {
      const cause = unpackError(message.error);
      this.#fail(rank, `failed: ${cause.message.split("\n", 1)[0]}`, cause);
      return;
    }
    const round = this.#rounds.get(message.id);
    if (!round) return;
    if (message.type === "report") round.onReport(message.value, rank);
    else this.#answer(message, round, rank);
  }

  #answer({ id, value }: FromReplica & { type: "done" }, round: Round, rank: number): void {
    round.answers[rank] = value;
    if (--round.left > 0) return;
    this.#rounds.delete(id);
    this.#hold();
    round.resolve(round.answers);
  }

  #fail(rank: number, reason: string, cause: unknown): void {
    if (this.#end) return;
    const size = this.#places.length;
    const failure = new DataParallelError("replica", `Replica ${rank} of ${size} ${reason}`, {
      cause,
      data: { rank, size },
    });
    if (!isAboutOthers(cause)) {
      void this.end(failure);
    } else if (!this.#complaint) {
      this.#complaint = failure;
      setTimeout(() => void this.end(failure), GRACE_MS);
    }
  }

  #hold(): void {
    for (const place of this.#places) place.hold(this.#rounds.size > 0);
  }
}

/** Whether an error tells of a collective that others did not come to. */
function isAboutOthers(error: unknown): boolean {
  const { name, code } = (error ?? {}) as NodeJS.ErrnoException;
  return name === "CollectiveError" && ["dead", "timeout", "mismatch"].includes(code!);
}

/** Waits for a promise, but not longer. */
async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
