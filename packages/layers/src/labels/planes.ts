import type { Block } from "./block.ts";
import { type Grid, surroundings } from "./grid.ts";
import type { Piece } from "./piece.ts";

/** The largest block, pixels on a side, that planes are filled for. */
export const SIDE = 16;
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
  /** The position of each class among the rivals. */
  readonly #position: Int32Array;
  #rivals: Int32Array = new Int32Array();

  constructor(grids: readonly Grid[], classes: number) {
    this.#grids = grids;
    this.values = new Float64Array(grids.length * classes * PIXELS);
    this.shifts = new Float64Array(grids.length);
    this.#position = new Int32Array(classes);
  }

  /** Begins a block. Returns false if its scores are too large or too far apart for exponentials. */
  begin(block: Block, rivals: Int32Array): boolean {
    this.#rivals = rivals;
    for (let k = 0; k < rivals.length; k++) this.#position[rivals[k]!] = k;
    for (let g = 0; g < this.#grids.length; g++) {
      const grid = this.#grids[g]!;
      const { data, best, width, origin, rowStride, columnStride } = grid;
      const { top, bottom, left, right } = surroundings(grid, block);
      let most = Number.NEGATIVE_INFINITY;
      let least = Number.POSITIVE_INFINITY;
      for (let row = top; row <= bottom; row++) {
        for (let column = left; column <= right; column++) {
          const at = origin + row * rowStride + column * columnStride;
          const score = data[at + best[row * width + column]!]!;
          if (score > most) most = score;
          for (let k = 0; k < rivals.length; k++) if (data[at + rivals[k]!]! < least) least = data[at + rivals[k]!]!;
        }
      }
      if (Math.abs(most) > LARGEST_SCORE || most - least > WIDEST_SPREAD) return false;
      this.shifts[g] = most;
    }
    return true;
  }

  /** Where a class's plane of a map begins. */
  planeOf(g: number, c: number): number {
    return (g * this.#rivals.length + this.#position[c]!) * PIXELS;
  }

  /** Fills the planes of map `g` in a piece whose first pixel is `at`. */
  fill(g: number, piece: Piece, at: number): void {
    const { data } = this.#grids[g]!;
    const shift = this.shifts[g]!;
    const rivals = this.#rivals;
    let to = g * rivals.length * PIXELS + at;
    for (let k = 0; k < rivals.length; k++, to += PIXELS) {
      const c = rivals[k]!;
      const v0 = data[piece.o0 + c]! - shift;
      const v1 = data[piece.o1 + c]! - shift;
      const v2 = data[piece.o2 + c]! - shift;
      const v3 = data[piece.o3 + c]! - shift;
      piece.exponentials(this.values, to, SIDE, v0, v1, v2, v3);
    }
  }

  /** Takes the piece's winners in map `g` into account, from its planes. Returns whether they agree with those of the maps before. */
  vote(g: number, { top, bottom, left, right }: Piece, at: number): boolean {
    const { values, winner } = this;
    const rivals = this.#rivals.length;
    const first = g * rivals * PIXELS;
    let agree = true;
    for (let row = top; row < bottom; row++, at += SIDE) {
      for (let p = at; p < at + right - left; p++) {
        let best = 0;
        let most = values[first + p]!;
        for (let k = 1, i = first + PIXELS + p; k < rivals; k++, i += PIXELS) {
          if (values[i]! > most) {
            most = values[i]!;
            best = k;
          }
        }
        if (g === 0) winner[p] = best;
        else if (winner[p] !== best) {
          winner[p] = -1;
          agree = false;
        }
      }
    }
    return agree;
  }

  /** The same where one class wins the whole piece. */
  voteFor(c: number, g: number, { top, bottom, left, right }: Piece, at: number): boolean {
    const { winner } = this;
    const best = this.#position[c]!;
    let agree = true;
    for (let row = top; row < bottom; row++, at += SIDE) {
      for (let p = at; p < at + right - left; p++) {
        if (g === 0) winner[p] = best;
        else if (winner[p] !== best) {
          winner[p] = -1;
          agree = false;
        }
      }
    }
    return agree;
  }

  /** Whether a pixel of the piece has no winner. */
  isOpen({ top, bottom, left, right }: Piece, at: number): boolean {
    for (let row = top; row < bottom; row++, at += SIDE) {
      for (let p = at; p < at + right - left; p++) if (this.winner[p]! < 0) return true;
    }
    return false;
  }
}
