import type { Block } from "./block.ts";
import { exponential } from "./exponential.ts";
import type { Grid } from "./grid.ts";

/**
 * A rectangle of evenly spaced pixels between the same four score vectors of a map. Functions that are bilinear between these vectors
 * have exponentials that are geometric progressions along each row and column, so that four of them give all.
 */
export class Piece implements Block {
  top = 0;
  bottom = 0;
  left = 0;
  right = 0;
  /** The first of the four score vectors, counted row by row. */
  cell = 0;
  /** The class that is best in all four, or -1. */
  winner = -1;
  /** Where the scores of the four begin: upper left, upper right, lower left, lower right. */
  o0 = 0;
  o1 = 0;
  o2 = 0;
  o3 = 0;
  // Weights of the first pixel, and what they grow by from pixel to pixel.
  #x = 0;
  #y = 0;
  #dx = 0;
  #dy = 0;

  /** Becomes the piece that begins at a pixel and does not leave the block. */
  set({ x, y, origin, rowStride, columnStride, width, best }: Grid, top: number, left: number, block: Block): void {
    this.top = top;
    this.left = left;
    this.bottom = Math.min(y.runEnd[top]!, block.bottom);
    this.right = Math.min(x.runEnd[left]!, block.right);
    const row = y.low[top]!;
    const column = x.low[left]!;
    this.cell = row * width + column;
    const below = this.cell + y.step * width;
    const first = best[this.cell]!;
    const isWinner = best[this.cell + x.step] === first && best[below] === first && best[below + x.step] === first;
    this.winner = isWinner ? first : -1;
    this.o0 = origin + row * rowStride + column * columnStride;
    this.o1 = this.o0 + x.step * columnStride;
    this.o2 = this.o0 + y.step * rowStride;
    this.o3 = this.o1 + y.step * rowStride;
    this.#x = x.weight[left]!;
    this.#y = y.weight[top]!;
    this.#dx = this.right - left > 1 ? x.weight[left + 1]! - this.#x : 0;
    this.#dy = this.bottom - top > 1 ? y.weight[top + 1]! - this.#y : 0;
  }

  /** Writes e^v of each pixel, v bilinear between its values at the four vectors, from `at` on in rows of `stride`. */
  exponentials(out: Float64Array, at: number, stride: number, v0: number, v1: number, v2: number, v3: number): void {
    const x = this.#x;
    const y = this.#y;
    const twist = v3 - v2 - v1 + v0;
    const along = v1 - v0 + y * twist;
    const down = v2 - v0 + x * twist;
    let first = exponential(v0 + x * (v1 - v0) + y * down);
    let ratio = exponential(this.#dx * along);
    const firstRatio = exponential(this.#dy * down);
    const ratioRatio = exponential(this.#dx * this.#dy * twist);
    const rows = this.bottom - this.top;
    const columns = this.right - this.left;
    for (let row = 0; row < rows; row++, at += stride) {
      let value = first;
      for (let i = at; i < at + columns; i++) {
        out[i] = value;
        value *= ratio;
      }
      first *= firstRatio;
      ratio *= ratioRatio;
    }
  }
}
