import type { Block } from "./block.ts";
import { type Grid, surroundings } from "./grid.ts";

/**
 * Finds which classes can win somewhere in a block.
 *
 * Within a block each pixel's scores are weighted means of the score vectors around the block, with weights that are not negative,
 * the same for all classes. So a class that scores at least as high as another in all of those vectors does so at every pixel; and
 * since softmax keeps the order within a map, it is at least as probable in every map, and in their mean. What it beats
 * ("dominates") need not be looked at. Of two classes that are equal everywhere the lower wins.
 */
export class RivalFinder {
  readonly #grids: readonly Grid[];
  /** Where the score vectors around the block begin, map after map, and the class that is best in each. */
  #offsets = new Int32Array(64);
  #bests = new Int32Array(64);
  /** For each map, where its vectors end in `#offsets`, and in `#against`. */
  readonly #ends: Int32Array;
  readonly #againstEnds: Int32Array;
  /** The vectors in which a certain class is not best. */
  #against = new Int32Array(64);
  /** The classes that are best somewhere around the block, and in how many vectors each class is. */
  readonly #winners: Int32Array;
  readonly #wins: Int32Array;
  readonly #rivals: Int32Array;

  constructor(grids: readonly Grid[], classes: number) {
    this.#grids = grids;
    this.#ends = new Int32Array(grids.length);
    this.#againstEnds = new Int32Array(grids.length);
    this.#winners = new Int32Array(classes);
    this.#wins = new Int32Array(classes);
    this.#rivals = new Int32Array(classes);
  }

  /** Those of the candidates (ascending) that no class dominates: one if it wins the whole block. */
  find(block: Block, candidates: Int32Array): Int32Array {
    const count = this.#surround(block);
    const winners = this.#winners;
    const wins = this.#wins;
    const rivals = this.#rivals;
    let n = 0;
    if (count === 1) rivals[n++] = winners[0]!;
    else {
      for (let i = 0; i < candidates.length; i++) rivals[n++] = candidates[i]!;
      // The most frequent first: it dominates most, and there is least to look at.
      for (let w = 1; w < count; w++) {
        const winner = winners[w]!;
        if (wins[winner]! > wins[winners[0]!]!) {
          winners[w] = winners[0]!;
          winners[0] = winner;
        }
      }
      for (let w = 0; w < count; w++) {
        const winner = winners[w]!;
        this.#oppose(winner);
        const before = n;
        n = 0;
        for (let i = 0; i < before; i++) {
          const c = rivals[i]!;
          if (wins[c]! > 0 || !this.#dominates(winner, c)) rivals[n++] = c;
        }
      }
    }
    for (let w = 0; w < count; w++) wins[winners[w]!] = 0;
    return rivals.slice(0, n);
  }

  /** Notes the vectors around the block and the classes that are best in them. */
  #surround(block: Block): number {
    const wins = this.#wins;
    let count = 0;
    let n = 0;
    for (let g = 0; g < this.#grids.length; g++) {
      const grid = this.#grids[g]!;
      const { best, width, origin, rowStride, columnStride } = grid;
      const { top, bottom, left, right } = surroundings(grid, block);
      this.#reserve(n + (bottom - top + 1) * (right - left + 1));
      const offsets = this.#offsets;
      const bests = this.#bests;
      for (let row = top; row <= bottom; row++) {
        for (let column = left; column <= right; column++) {
          const winner = best[row * width + column]!;
          offsets[n] = origin + row * rowStride + column * columnStride;
          bests[n++] = winner;
          if (wins[winner]!++ === 0) this.#winners[count++] = winner;
        }
      }
      this.#ends[g] = n;
    }
    return count;
  }

  #reserve(count: number): void {
    if (count <= this.#offsets.length) return;
    const larger = (from: Int32Array) => {
      const to = new Int32Array(2 * count);
      to.set(from);
      return to;
    };
    this.#offsets = larger(this.#offsets);
    this.#bests = larger(this.#bests);
    this.#against = larger(this.#against);
  }

  /** Lists the vectors in which the class is not best: where it is, nothing beats it. */
  #oppose(winner: number): void {
    const offsets = this.#offsets;
    const bests = this.#bests;
    const against = this.#against;
    let n = 0;
    let i = 0;
    for (let g = 0; g < this.#ends.length; g++) {
      for (const end = this.#ends[g]!; i < end; i++) if (bests[i] !== winner) against[n++] = offsets[i]!;
      this.#againstEnds[g] = n;
    }
  }

  #dominates(winner: number, other: number): boolean {
    const against = this.#against;
    let i = 0;
    for (let g = 0; g < this.#grids.length; g++) {
      const { data } = this.#grids[g]!;
      const end = this.#againstEnds[g]!;
      // Equal scores do only for the lower class.
      if (winner < other) {
        for (; i < end; i++) if (data[against[i]! + winner]! < data[against[i]! + other]!) return false;
      } else {
        for (; i < end; i++) if (data[against[i]! + winner]! <= data[against[i]! + other]!) return false;
      }
    }
    return true;
  }
}
