import { exponential } from "./exponential.ts";
import type { Grid } from "./grid.ts";

/** The most probable of the rivals at one pixel, from the probabilities of all classes in all maps: right wherever it is asked, and slow. */
export class ExactMean {
  readonly #grids: readonly Grid[];
  readonly #logits: Float64Array;
  readonly #means: Float64Array;

  constructor(grids: readonly Grid[], classes: number) {
    this.#grids = grids;
    this.#logits = new Float64Array(classes);
    this.#means = new Float64Array(classes);
  }

  label(row: number, column: number, rivals: Int32Array): number {
    const means = this.#means.fill(0);
    const logits = this.#logits;
    for (const grid of this.#grids) {
      const most = this.#interpolate(grid, row, column);
      const sum = this.#sum(most);
      for (const c of rivals) means[c]! += exponential(logits[c]! - most) / sum;
    }
    let label = rivals[0]!;
    for (const c of rivals) if (means[c]! > means[label]!) label = c;
    return label;
  }

  /** Σ e^(logit − shift) at a pixel of one map. */
  denominator(grid: Grid, row: number, column: number, shift: number): number {
    this.#interpolate(grid, row, column);
    return this.#sum(shift);
  }

  #sum(shift: number): number {
    const logits = this.#logits;
    let sum = 0;
    for (let c = 0; c < logits.length; c++) sum += exponential(logits[c]! - shift);
    return sum;
  }

  /** Fills in the pixel's logits in one map. Returns the largest. */
  #interpolate({ data, y, x, origin, rowStride, columnStride }: Grid, row: number, column: number): number {
    const logits = this.#logits;
    const wy = y.weight[row]!;
    const wx = x.weight[column]!;
    const start = origin + y.low[row]! * rowStride + x.low[column]! * columnStride;
    const right = x.step * columnStride;
    const down = y.step * rowStride;
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0, i = start; c < logits.length; c++, i++) {
      const upper = data[i]! + wx * (data[i + right]! - data[i]!);
      const lower = data[i + down]! + wx * (data[i + down + right]! - data[i + down]!);
      const logit = upper + wy * (lower - upper);
      logits[c] = logit;
      if (logit > most) most = logit;
    }
    return most;
  }
}
