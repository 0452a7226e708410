import { LEAST, ROUNDING, rounded, STEPS } from "./exponential.ts";
import type { Grid } from "./grid.ts";
import type { Piece } from "./piece.ts";

/** More than all rounding, relative to the denominator. */
const SLACK = 1e-8;
/** A lower bound this much under the upper one (as a logarithm) is of no use. */
const USELESS = 100;

/**
 * Bounds of the softmax's denominators of one map, made where they are asked for.
 *
 * Between four neighbouring score vectors (a "cell") the denominator is Σ e^l, with logits l that are bilinear in the pixel's place.
 * The classes that are best in one of the four vectors are kept apart; whoever asks adds them as they are. For the sum R of the others:
 *
 * - log R is at most the bilinear interpolation of its values at the four vectors, for a logarithm of a sum of exponentials is convex
 *   where the exponents are linear, as they are along rows and columns (Hölder's inequality);
 * - log R is at least Σ q (l − log q) over any of the classes with any probabilities q (Gibbs' inequality). That is bilinear, too. Taken
 *   is the softmax of the logits in the cell's middle, where the bound is then equal to log R.
 *
 * So either bound is like one more class, known by its logits at the four vectors. Both may use exponentials rounded to the table: the
 * upper one adds what rounding may have taken, and the lower one holds for any q.
 */
export class RestBounds {
  /** Of each cell the upper bound's four logits, then the lower's; -Infinity where only 0 bounds it from below. */
  readonly logits: Float64Array;
  /** The up to four classes that each cell keeps apart, then -1. */
  readonly kept: Int32Array;
  readonly #grid: Grid;
  /** Of each score vector Σ e^(l − best l), once it was needed. */
  readonly #sums: Float64Array;
  readonly #isKnown: Uint8Array;
  /** What the cell at hand keeps apart, ascending. */
  readonly #apart: number[] = [];

  constructor(grid: Grid) {
    const count = grid.height * grid.width;
    this.#grid = grid;
    this.logits = new Float64Array(count * 8);
    this.kept = new Int32Array(count * 4);
    this.#sums = new Float64Array(count);
    this.#isKnown = new Uint8Array(count);
  }

  /** Sees to it that the bounds of a piece's cell are there. */
  provide(piece: Piece): void {
    const { cell, o0, o1, o2, o3 } = piece;
    if (this.#isKnown[cell]) return;
    this.#isKnown[cell] = 1;
    const { y, x, width } = this.#grid;
    const right = x.step;
    const below = cell + y.step * width;
    this.#apart.length = 0;
    this.#keepApart(cell);
    this.#keepApart(cell + right);
    this.#keepApart(below);
    this.#keepApart(below + right);
    this.#apart.sort((a, b) => a - b);
    for (let i = 0; i < 4; i++) this.kept[cell * 4 + i] = this.#apart[i] ?? -1;
    const at = cell * 8;
    this.logits[at] = this.#restAt(cell, o0);
    this.logits[at + 1] = this.#restAt(cell + right, o1);
    this.logits[at + 2] = this.#restAt(below, o2);
    this.logits[at + 3] = this.#restAt(below + right, o3);
    this.#boundBelow(piece);
  }

  #keepApart(vector: number): void {
    const winner = this.#grid.best[vector]!;
    if (!this.#apart.includes(winner)) this.#apart.push(winner);
  }

  /** log R at a score vector, rounded up. */
  #restAt(vector: number, offset: number): number {
    const { data, best, classes } = this.#grid;
    const most = data[offset + best[vector]!]!;
    const zero = -(most + LEAST) * STEPS;
    let all = this.#sums[vector]!;
    if (all === 0) {
      for (let i = offset; i < offset + classes; i++) {
        const entry = data[i]! * STEPS + zero;
        if (entry >= 0) all += rounded[entry | 0]!;
      }
      this.#sums[vector] = all;
    }
    let rest = all;
    for (const c of this.#apart) {
      const entry = data[offset + c]! * STEPS + zero;
      if (entry >= 0) rest -= rounded[entry | 0]!;
    }
    return most + Math.log(Math.max(rest, 0) * ROUNDING + all * SLACK);
  }

  #boundBelow({ cell, o0, o1, o2, o3 }: Piece): void {
    const { data, classes } = this.#grid;
    const { logits } = this;
    const at = cell * 8 + 4;
    // The upper bound of log R in the cell's middle: no class's logit there is higher.
    const middle = (logits[at - 4]! + logits[at - 3]! + logits[at - 2]! + logits[at - 1]!) / 4;
    const apart = this.#apart;
    const zero = -(middle + LEAST) * STEPS;
    // Σ q, and sums weighted by q (not divided by Σ q yet): of log q, in entries, and of the logits at the four vectors.
    let sum = 0;
    let entries = 0;
    let l0 = 0;
    let l1 = 0;
    let l2 = 0;
    let l3 = 0;
    for (let n = 0, c = 0; n <= apart.length; n++, c++) {
      const end = n < apart.length ? apart[n]! : classes;
      for (; c < end; c++) {
        const a = data[o0 + c]!;
        const b = data[o1 + c]!;
        const d = data[o2 + c]!;
        const e = data[o3 + c]!;
        const entry = (a + b + d + e) * (STEPS / 4) + zero;
        if (!(entry >= 0)) continue;
        const i = entry | 0;
        const q = rounded[i]!;
        sum += q;
        entries += q * i;
        l0 += q * a;
        l1 += q * b;
        l2 += q * d;
        l3 += q * e;
      }
    }
    // −Σ q log q, for the q divided by their sum.
    const entropy = Math.log(sum) - (entries / sum / STEPS + LEAST) - SLACK;
    const isUseful = Math.min(l0, l1, l2, l3) / sum + entropy > middle - USELESS;
    logits[at] = isUseful ? l0 / sum + entropy : Number.NEGATIVE_INFINITY;
    logits[at + 1] = l1 / sum + entropy;
    logits[at + 2] = l2 / sum + entropy;
    logits[at + 3] = l3 / sum + entropy;
  }
}
