import type { Block } from "./block.ts";
import { type Grid, surroundings } from "./grid.ts";
import { Piece } from "./piece.ts";

/** The largest block, pixels on a side, that planes are filled for. */
export const SIDE = 12;
export const PIXELS: number = SIDE * SIDE;
/** Beyond these, exponentials of a block's scores would leave float64's range, or lose digits. */
const WIDEST_SPREAD = 300;
const LARGEST_SCORE = 1e6;

/** The exponentials of the rivals' logits at a block's pixels, in all maps. */
export class Planes {
  /** e^(logit − shift), a plane of `SIDE` × `SIDE` pixels for each rival of each map. */
  readonly values: Float64Array;
  /** For each map the best score around the block. */
  readonly shifts: Float64Array;
  /** Of each pixel which of the rivals wins in every map; -1 if none does. */
  readonly winner: Int32Array = new Int32Array(PIXELS);
  readonly #grids: readonly Grid[];
  readonly #piece = new Piece();
  readonly #best = new Int32Array(PIXELS);
  readonly #highest = new Float64Array(PIXELS);

  constructor(grids: readonly Grid[], classes: number) {
    this.#grids = grids;
    this.values = new Float64Array(grids.length * classes * PIXELS);
    this.shifts = new Float64Array(grids.length);
  }

  /** Fills the planes. Returns false if the scores are too large or too far apart for that. */
  fill(block: Block, rivals: Int32Array): boolean {
    const piece = this.#piece;
    let plane = 0;
    for (let g = 0; g < this.#grids.length; g++, plane += rivals.length * PIXELS) {
      const grid = this.#grids[g]!;
      const { data } = grid;
      const shift = bestAround(grid, block);
      if (Math.abs(shift) > LARGEST_SCORE) return false;
      this.shifts[g] = shift;
      const least = shift - WIDEST_SPREAD;
      for (let y = block.top; y < block.bottom; y = piece.bottom) {
        for (let x = block.left; x < block.right; x = piece.right) {
          piece.set(grid, y, x, block);
          const at = plane + (y - block.top) * SIDE + x - block.left;
          for (let k = 0; k < rivals.length; k++) {
            const c = rivals[k]!;
            const v0 = data[piece.o0 + c]!;
            const v1 = data[piece.o1 + c]!;
            const v2 = data[piece.o2 + c]!;
            const v3 = data[piece.o3 + c]!;
            if (v0 < least || v1 < least || v2 < least || v3 < least) return false;
            const to = at + k * PIXELS;
            piece.exponentials(this.values, to, SIDE, v0 - shift, v1 - shift, v2 - shift, v3 - shift);
          }
        }
      }
    }
    return true;
  }

  /** Finds the pixels' winners. Returns whether each has one; places outside of a smaller block do not matter. */
  agree(rivals: number): boolean {
    const values = this.values;
    const winner = this.winner;
    const best = this.#best;
    const highest = this.#highest;
    let all = true;
    for (let g = 0, i = 0; g < this.#grids.length; g++) {
      best.fill(0);
      for (let p = 0; p < PIXELS; p++) highest[p] = values[i++]!;
      for (let k = 1; k < rivals; k++) {
        for (let p = 0; p < PIXELS; p++) {
          const value = values[i++]!;
          if (value > highest[p]!) {
            highest[p] = value;
            best[p] = k;
          }
        }
      }
      if (g === 0) winner.set(best);
      else {
        for (let p = 0; p < PIXELS; p++) {
          if (winner[p] === best[p]) continue;
          winner[p] = -1;
          all = false;
        }
      }
    }
    return all;
  }
}

/** The best score in the vectors around a block. */
function bestAround(grid: Grid, block: Block): number {
  const { data, best, width, origin, rowStride, columnStride } = grid;
  const { top, bottom, left, right } = surroundings(grid, block);
  let most = Number.NEGATIVE_INFINITY;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const score = data[origin + row * rowStride + column * columnStride + best[row * width + column]!]!;
      if (score > most) most = score;
    }
  }
  return most;
}
