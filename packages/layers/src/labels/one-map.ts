import type { Block } from "./block.ts";
import type { Grid } from "./grid.ts";
import type { Labels } from "./score-map.ts";

/** Decides pixels by the interpolated scores of one map; softmax would keep their order. */
export class OneMap {
  readonly #grid: Grid;
  /** Of each rival the score at the cell's left end in a row of pixels, and what it grows by to the right end. */
  readonly #left: Float64Array;
  readonly #growth: Float64Array;

  constructor(grid: Grid) {
    this.#grid = grid;
    this.#left = new Float64Array(grid.classes);
    this.#growth = new Float64Array(grid.classes);
  }

  /** Labels a block's pixels, which lie between the same four score vectors; `rivals` (ascending) are the classes that can win there. */
  label(labels: Labels, width: number, { top, bottom, left, right }: Block, rivals: Int32Array): void {
    const { x } = this.#grid;
    const starts = this.#left;
    const growths = this.#growth;
    for (let row = top; row < bottom; row++) {
      this.#interpolate(row, left, rivals);
      for (let column = left; column < right; column++) {
        const weight = x.weight[column]!;
        let best = 0;
        let most = starts[0]! + weight * growths[0]!;
        for (let k = 1; k < rivals.length; k++) {
          const score = starts[k]! + weight * growths[k]!;
          if (score > most) {
            most = score;
            best = k;
          }
        }
        labels[row * width + column] = rivals[best]!;
      }
    }
  }

  #interpolate(row: number, column: number, rivals: Int32Array): void {
    const { data, y, x, origin, rowStride, columnStride } = this.#grid;
    const weight = y.weight[row]!;
    const start = origin + y.low[row]! * rowStride + x.low[column]! * columnStride;
    const right = x.step * columnStride;
    const down = y.step * rowStride;
    for (let k = 0; k < rivals.length; k++) {
      const i = start + rivals[k]!;
      const first = data[i]! + weight * (data[i + down]! - data[i]!);
      const last = data[i + right]! + weight * (data[i + right + down]! - data[i + right]!);
      this.#left[k] = first;
      this.#growth[k] = last - first;
    }
  }
}
