import { type Readable, Transform } from "node:stream";
import { Problem } from "./problem.ts";

/** Bytes a second that whoever is slower must come by, or else make room where another one wants it. */
const LEAST_RATE = 8192;

/** Milliseconds that each has to begin. */
const START = 1000;

/** A photo on its way. */
export interface Arrival {
  /** Aborted, with the problem as its reason, where it is no longer waited for. */
  readonly signal: AbortSignal;
  /** Tells that more of it has come. */
  came(bytes: number): void;
  /** It is there, or will not come; again is no harm. */
  end(): void;
}

interface Place extends Arrival {
  bytes: number;
  began: number;
  abort(detail: string): void;
}

/**
 * Photos on their way, as bodies or from addresses: so many at a time, as each takes memory, and each for so long. Where all places are taken,
 * the slowest has to go, if it is one that hardly moves: who dribbles keeps nobody out.
 */
export class Arrivals {
  readonly #places = new Set<Place>();
  readonly #most: number;
  readonly #seconds: number;

  /**
   * @param most - how many at a time.
   * @param seconds - how long each may take.
   */
  constructor(most: number, seconds: number) {
    this.#most = most;
    this.#seconds = seconds;
  }

  /** How many are on their way. */
  get count(): number {
    return this.#places.size;
  }

  /** Whether another one would find no place. */
  get isFull(): boolean {
    return this.count >= this.#most && this.#slowest() === undefined;
  }

  /**
   * A place for one more.
   *
   * @throws {Problem} `queue-full`.
   */
  begin(): Arrival {
    if (this.count >= this.#most) {
      const slowest = this.#slowest();
      if (!slowest) {
        const detail = `${this.count} photos are on their way, which is all that are received at a time.`;
        throw new Problem("queue-full", detail, { "retry-after": "1" });
      }
      slowest.abort(
        `Only ${slowest.bytes} bytes came in ${seconds(slowest)} seconds, and another photo needed the place.`,
      );
    }
    const controller = new AbortController();
    const place: Place = {
      signal: controller.signal,
      bytes: 0,
      began: performance.now(),
      came: (bytes) => {
        place.bytes += bytes;
      },
      end: () => {
        clearTimeout(late);
        this.#places.delete(place);
      },
      abort: (detail) => {
        place.end();
        controller.abort(new Problem("too-slow", detail));
      },
    };
    const late = setTimeout(
      () => place.abort(`Only ${place.bytes} bytes of it came in ${this.#seconds} seconds.`),
      this.#seconds * 1000,
    );
    this.#places.add(place);
    return place;
  }

  /** Who has to go first, if anyone. */
  #slowest(): Place | undefined {
    const now = performance.now();
    const rate = ({ bytes, began }: Place) => (bytes * 1000) / (now - began);
    const slow = [...this.#places].filter((place) => now - place.began > START && rate(place) < LEAST_RATE);
    return slow.sort((a, b) => rate(a) - rate(b))[0];
  }
}

const seconds = ({ began }: Place) => Math.round((performance.now() - began) / 1000);

/** A body as it comes, which fails where its arrival is no longer waited for; an answer can be sent then. */
export function bodyOf(source: Readable, arrival: Arrival): Readable {
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      arrival.came(chunk.length);
      done(null, chunk);
    },
  });
  // Who reads it may have stopped.
  body.on("error", () => {});
  source.once("error", (error) => body.destroy(error));
  source.once("close", () => {
    if (!source.readableEnded) body.destroy(new Error("the client went away"));
  });
  arrival.signal.addEventListener("abort", () => {
    source.unpipe(body);
    body.destroy(arrival.signal.reason);
  });
  return source.pipe(body);
}
