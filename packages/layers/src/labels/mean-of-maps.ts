import type { Block } from "./block.ts";
import { ExactMean } from "./exact-mean.ts";
import type { Grid } from "./grid.ts";
import { Piece } from "./piece.ts";
import { PIXELS, Planes, SIDE } from "./planes.ts";
import { RestBounds } from "./rest-bounds.ts";
import type { Labels } from "./score-map.ts";

/** More than rounding can make of a lead that is none, as a probability. */
const ROUNDING = 1e-8;

/**
 * Decides pixels by the mean of their classes' probabilities over several maps, each the softmax of interpolated logits.
 *
 * A class that wins in every map wins in the mean. Elsewhere the exponentials of the rivals' logits are at hand, and each map's
 * denominator is known within {@link RestBounds}; a class leads another if it does so with those ends of the bounds that speak against
 * it. What that leaves open is worked out with the denominators themselves.
 */
export class MeanOfMaps {
  readonly #grids: readonly Grid[];
  readonly #rests: readonly RestBounds[];
  readonly #exact: ExactMean;
  readonly #piece = new Piece();
  readonly #planes: Planes;
  /** Of each map and pixel the least and the most that one over the denominator can be. */
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  /** Of each pixel the largest quotient of the two. */
  readonly #quotient = new Float64Array(PIXELS);
  readonly #means: Float64Array;
  readonly #upper = new Float64Array(PIXELS);
  readonly #lower = new Float64Array(PIXELS);

  constructor(grids: readonly Grid[], classes: number) {
    this.#grids = grids;
    this.#rests = grids.map((grid) => new RestBounds(grid));
    this.#exact = new ExactMean(grids, classes);
    this.#planes = new Planes(grids, classes);
    this.#least = new Float64Array(grids.length * PIXELS);
    this.#most = new Float64Array(grids.length * PIXELS);
    this.#means = new Float64Array(classes);
  }

  /** Labels a block's pixels; `rivals` (ascending) are the classes that can win there. */
  label(labels: Labels, width: number, block: Block, rivals: Int32Array): void {
    const { top, bottom, left, right } = block;
    const isTame = this.#planes.begin(block, rivals);
    if (isTame && !this.#vote(block)) this.#boundDenominators(block);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        let k = -1;
        if (isTame) {
          const p = (y - top) * SIDE + x - left;
          k = this.#planes.winner[p]!;
          if (k < 0) k = this.#leader(p, rivals.length);
          if (k < 0) k = this.#leaderBeyondBounds(y, x, p, rivals.length);
        }
        labels[y * width + x] = k < 0 ? this.#exact.label(y, x, rivals) : rivals[k]!;
      }
    }
  }

  /** Finds the pixels' winners. Returns whether each has one. */
  #vote(block: Block): boolean {
    const piece = this.#piece;
    const planes = this.#planes;
    let agree = true;
    for (let g = 0; g < this.#grids.length; g++) {
      for (let y = block.top; y < block.bottom; y = piece.bottom) {
        for (let x = block.left; x < block.right; x = piece.right) {
          piece.set(this.#grids[g]!, y, x, block);
          const at = (y - block.top) * SIDE + x - block.left;
          if (piece.winner < 0) planes.fill(g, piece, at);
          const doesAgree = piece.winner < 0 ? planes.vote(g, piece, at) : planes.voteFor(piece.winner, g, piece, at);
          agree &&= doesAgree;
        }
      }
    }
    return agree;
  }

  /** Bounds the denominators of the pixels without a winner. */
  #boundDenominators(block: Block): void {
    const piece = this.#piece;
    const planes = this.#planes;
    for (let g = 0; g < this.#grids.length; g++) {
      for (let y = block.top; y < block.bottom; y = piece.bottom) {
        for (let x = block.left; x < block.right; x = piece.right) {
          piece.set(this.#grids[g]!, y, x, block);
          const at = (y - block.top) * SIDE + x - block.left;
          if (!planes.isOpen(piece, at)) continue;
          if (piece.winner >= 0) planes.fill(g, piece, at);
          this.#boundPiece(g, at);
        }
      }
    }
  }

  #boundPiece(g: number, at: number): void {
    const piece = this.#piece;
    const rest = this.#rests[g]!;
    const shift = this.#planes.shifts[g]!;
    const upper = this.#upper;
    const lower = this.#lower;
    rest.provide(piece);
    const bound = piece.cell * 8;
    const hasLower = rest.logits[bound + 4]! !== Number.NEGATIVE_INFINITY;
    this.#spread(upper, at, rest, bound, shift);
    if (hasLower) this.#spread(lower, at, rest, bound + 4, shift);
    // The planes of the classes that the bounds leave apart: at least one, at most four.
    const a = this.#planeOf(rest.kept[piece.cell * 4]!, g);
    const b = this.#planeOf(rest.kept[piece.cell * 4 + 1]!, g);
    const c = this.#planeOf(rest.kept[piece.cell * 4 + 2]!, g);
    const d = this.#planeOf(rest.kept[piece.cell * 4 + 3]!, g);
    const values = this.#planes.values;
    const least = this.#least;
    const most = this.#most;
    const quotient = this.#quotient;
    const first = g * PIXELS;
    const columns = piece.right - piece.left;
    for (let row = piece.top; row < piece.bottom; row++, at += SIDE) {
      for (let p = at; p < at + columns; p++) {
        let sum = values[a + p]!;
        if (b >= 0) sum += values[b + p]!;
        if (c >= 0) sum += values[c + p]!;
        if (d >= 0) sum += values[d + p]!;
        const high = sum + upper[p]!;
        const low = hasLower ? sum + lower[p]! : sum;
        const over = 1 / (high * low);
        least[first + p] = low * over;
        most[first + p] = high * over;
        const q = high * high * over;
        if (g === 0 || q > quotient[p]!) quotient[p] = q;
      }
    }
  }

  /** Writes e^bound of the piece's pixels. */
  #spread(out: Float64Array, at: number, { logits }: RestBounds, i: number, shift: number): void {
    const v0 = logits[i]! - shift;
    const v1 = logits[i + 1]! - shift;
    const v2 = logits[i + 2]! - shift;
    const v3 = logits[i + 3]! - shift;
    this.#piece.exponentials(out, at, SIDE, v0, v1, v2, v3);
  }

  #planeOf(c: number, g: number): number {
    return c < 0 ? -1 : this.#planes.planeOf(g, c);
  }

  /** Which of the rivals is most probable at a pixel; -1 if the bounds do not tell. */
  #leader(p: number, rivals: number): number {
    const means = this.#means;
    const least = this.#least;
    const most = this.#most;
    const values = this.#planes.values;
    const end = this.#grids.length * PIXELS;
    const stride = rivals * PIXELS;
    let leader = 0;
    for (let k = 0; k < rivals; k++) {
      let mean = 0;
      for (let i = p, at = k * PIXELS + p; i < end; i += PIXELS, at += stride) mean += values[at]! * least[i]!;
      means[k] = mean;
      if (mean > means[leader]!) leader = k;
    }
    // No other class can have more than this times what it has at least.
    const quotient = this.#quotient[p]!;
    for (let k = 0; k < rivals; k++) {
      if (k === leader || means[leader]! - means[k]! * quotient > ROUNDING) continue;
      let lead = 0;
      for (let i = p, at = p; i < end; i += PIXELS, at += stride) {
        const difference = values[at + leader * PIXELS]! - values[at + k * PIXELS]!;
        lead += difference * (difference > 0 ? least[i]! : most[i]!);
      }
      if (!(lead > ROUNDING)) return -1;
    }
    return leader;
  }

  /** The same with denominators in place of bounds, of one map after another, the least certain first, until they tell. */
  #leaderBeyondBounds(y: number, x: number, p: number, rivals: number): number {
    const least = this.#least;
    const most = this.#most;
    for (let n = 0; n < this.#grids.length; n++) {
      let g = 0;
      for (let other = 1; other < this.#grids.length; other++) {
        const [i, j] = [g * PIXELS + p, other * PIXELS + p];
        if (most[j]! * least[i]! > most[i]! * least[j]!) g = other;
      }
      const one = 1 / this.#exact.denominator(this.#grids[g]!, y, x, this.#planes.shifts[g]!);
      least[g * PIXELS + p] = one;
      most[g * PIXELS + p] = one;
      const leader = this.#leader(p, rivals);
      if (leader >= 0) return leader;
    }
    return -1;
  }
}
