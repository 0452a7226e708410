import { createHash } from "node:crypto";

/** All that a {@link Random} knows: four whole numbers of 32 bits, not all zero; JSON keeps it. */
export type RandomState = readonly [number, number, number, number];

const rotate = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));

/**
 * Pseudo-random numbers that are the same on every machine: the generator xoshiro128**, period 2^128 − 1, not for secrets.
 *
 * @see Blackman and Vigna, Scrambled Linear Pseudorandom Number Generators, ACM TOMS 2021.
 */
export class Random {
  #state: [number, number, number, number];

  /**
   * Continues from a state.
   *
   * @throws {RangeError} if it is all zeros, from which nothing else ever comes.
   */
  constructor(state: RandomState) {
    this.#state = [...state];
    if (state.every((word) => word >>> 0 === 0))
      throw new RangeError("Expected a random state but received all zeros.");
  }

  /** A generator for each list of numbers: lists that differ at all give sequences that have nothing to do with each other. */
  static seeded(...seed: number[]): Random {
    // A digest, because the numbers 304 and 305 as states would begin alike.
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

  /** Where it is: `new Random(state)` goes on from there. */
  get state(): RandomState {
    return this.#state.map((word) => word >>> 0) as unknown as RandomState;
  }
}
