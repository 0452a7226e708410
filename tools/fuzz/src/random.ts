import { createHash } from "node:crypto";

/**
 * Random numbers that follow from a text, the same on every machine.
 *
 * @see Chris Doty-Humphrey's sfc32, of PractRand.
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(text: string) {
    const digest = createHash("sha256").update(text).digest();
    this.#state = Uint32Array.of(digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), 1);
  }

  /** A whole number from 0 to 2^32 − 1. */
  next(): number {
    const s = this.#state;
    const sum = (s[0]! + s[1]! + s[3]!) >>> 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + sum;
    return sum;
  }

  /** A number from 0 up to, but not, 1; a function that can be handed on. */
  readonly fraction = (): number => this.next() / 2 ** 32;

  /** A whole number from 0 to `limit` − 1; 0 where there is none; a function that can be handed on. */
  readonly below = (limit: number): number => (limit > 0 ? Math.floor(this.fraction() * limit) : 0);

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Whether something that happens in one of `n` cases does. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of the choices. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** A size from 1 to `most`, small ones as often as large ones. */
  size(most: number): number {
    return Math.max(1, Math.round(2 ** ((this.next() / 2 ** 32) * Math.log2(most))));
  }

  /** Random bytes. */
  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = this.next();
    return bytes;
  }

  /** The list in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const k = this.below(i + 1);
      [result[i], result[k]] = [result[k]!, result[i]!];
    }
    return result;
  }
}
