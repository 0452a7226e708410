import { pair } from "../ops/pair.ts";
import { exponential } from "./exponential.ts";
import { type Grid, layOver } from "./grid.ts";
import { checkMaps, type ScoreMap } from "./score-map.ts";

/**
 * The probability of each class at each pixel, one row of pixels at a time: scores interpolated to `size` as {@link labelsOf} does it,
 * softmax, mean over the maps. A row is computed when it is asked for, so that they are never all in memory.
 *
 * Plain JavaScript on typed arrays; it needs no engine.
 *
 * @param maps - Scores (logits) of one image at one or several scales, mirror images included; only read.
 * @param size - Height and width in pixels.
 * @returns `height` rows, first to last: each a new array `[width, classes]` of numbers from 0 to 1 that sum to 1 at each pixel.
 * @throws {LayersError} `shape` if maps are not whole or differ in classes, `value` if a score is NaN or infinite, `option` if the size
 * is not one: all before the first row.
 *
 * @example
 * ```ts
 * import { probabilityRows } from "@seg/layers";
 *
 * // Two pixels, two classes: scores of 0 and 0, and of ln 3 and 0, whose softmax is 3/4 and 1/4.
 * const map = { data: new Float32Array([0, 0, Math.log(3), 0]), height: 1, width: 2, classes: 2 };
 * for (const row of probabilityRows([map], [1, 2])) console.log([...row].map((p) => p.toFixed(2)).join(" ")); // 0.50 0.50 0.75 0.25
 * ```
 */
export function probabilityRows(
  maps: readonly ScoreMap[],
  size: readonly [height: number, width: number],
): IterableIterator<Float32Array> {
  const [height, width] = pair("size", size, 1);
  checkMaps(maps);
  return rowsOf(
    maps.map((map) => layOver(map, height, width)),
    height,
    width,
  );
}

function* rowsOf(grids: readonly Grid[], height: number, width: number): Generator<Float32Array> {
  const { classes } = grids[0]!;
  for (let row = 0; row < height; row++) {
    const means = new Float32Array(width * classes);
    for (const grid of grids) addRow(means, grid, row, 1 / grids.length);
    yield means;
  }
}

/** Adds to each pixel of a row what its classes' probabilities are in one map, times `share`. */
function addRow(means: Float32Array, grid: Grid, row: number, share: number): void {
  const { x, classes } = grid;
  const scores = scoresAcross(grid, row);
  const exponentials = new Float64Array(classes);
  for (let column = 0, at = 0; column < x.low.length; column++, at += classes) {
    const weight = x.weight[column]!;
    const left = x.low[column]! * classes;
    const right = left + x.step * classes;
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      const score = scores[left + c]! + weight * (scores[right + c]! - scores[left + c]!);
      exponentials[c] = score;
      if (score > most) most = score;
    }
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const value = exponential(exponentials[c]! - most);
      exponentials[c] = value;
      sum += value;
    }
    const factor = share / sum;
    for (let c = 0; c < classes; c++) means[at + c]! += exponentials[c]! * factor;
  }
}

/** The map's scores interpolated to the height of a row of pixels, `[map's width, classes]`, left to right. */
function scoresAcross({ data, width, classes, y, origin, rowStride, columnStride }: Grid, row: number): Float64Array {
  const scores = new Float64Array(width * classes);
  const weight = y.weight[row]!;
  const down = y.step * rowStride;
  for (let column = 0, at = 0; column < width; column++) {
    const start = origin + y.low[row]! * rowStride + column * columnStride;
    for (let i = start; i < start + classes; i++, at++) {
      scores[at] = data[i]! + weight * (data[i + down]! - data[i]!);
    }
  }
  return scores;
}
