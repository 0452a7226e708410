import { createHash } from "node:crypto";
import { DataParallelError } from "./errors.ts";

/** The state of a {@link Random}: four unsigned 32-bit integers, not all zero; plain JSON. */
export type RandomState = readonly [number, number, number, number];

const rotate = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));

/**
 * A pseudo-random number generator, the same on every machine: xoshiro128**, period 2^128 − 1, not cryptographic.
 *
 * @see Blackman and Vigna, Scrambled Linear Pseudorandom Number Generators, ACM TOMS 2021.
 *
 * @example
 * ```ts
 * import { Random } from "@seg/data-parallel";
 *
 * const [one, other] = [Random.seeded(7, 1), Random.seeded(7, 1)];
 * console.log(one.next() === other.next()); // true
 * ```
 */
export class Random {
  #state: [number, number, number, number];

  /**
   * Continues from a state.
   *
   * @throws {DataParallelError} `option` if it is all zeros, from which nothing else ever comes.
   */
  constructor(state: RandomState) {
    this.#state = [...state];
    if (state.every((word) => word >>> 0 === 0)) {
      const line = { expected: "a random state", received: "all zeros" };
      throw new DataParallelError("option", line, { data: { option: "state", received: state } });
    }
  }

  /** A generator seeded by a list of numbers: different lists give independent streams. */
  static seeded(...seed: number[]): Random {
    // A digest, because streams of similar states, such as 304 and 305, begin alike.
    const digest = createHash("sha256").update(seed.join("/")).digest();
    return new Random([0, 4, 8, 12].map((at) => digest.readUInt32LE(at)) as unknown as RandomState);
  }

  /** The next number: a multiple of 2^-32 in `[0, 1)`. */
  next(): number {
    const [a, b, c, d] = this.#state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const e = c ^ a;
    const f = d ^ b;
    this.#state = [a ^ f, b ^ e, e ^ (b << 9), rotate(f, 11)];
    return result / 2 ** 32;
  }

  /** The state, for saving: `new Random(state)` continues from it. */
  get state(): RandomState {
    return this.#state.map((word) => word >>> 0) as unknown as RandomState;
  }
}
