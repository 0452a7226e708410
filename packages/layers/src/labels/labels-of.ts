import { pair } from "../ops/pair.ts";
import type { Block } from "./block.ts";
import { type Grid, layOver } from "./grid.ts";
import { MeanOfMaps } from "./mean-of-maps.ts";
import { OneMap } from "./one-map.ts";
import { SIDE } from "./planes.ts";
import { RivalFinder } from "./rivals.ts";
import { checkMaps, type Labels, type ScoreMap } from "./score-map.ts";

/** Pixels on a side of the blocks that several maps begin with: few enough that few classes can win in one. */
const LARGE = 4 * SIDE;

/**
 * The most probable class of each pixel: scores interpolated to `size` (bilinearly, half-pixel centres, edges clamped; no
 * antialiasing), softmax, mean over the maps, argmax. Gives what these steps give in float64, up to pixels whose two best classes
 * differ by less than float32's rounding, without ever making a map of all scores at full size: most pixels lie between score vectors
 * in which one class wins everywhere, and elsewhere few classes can win at all.
 *
 * Plain JavaScript on typed arrays; it needs no engine. Of classes that are equally probable the lowest wins.
 *
 * @param maps - Scores (logits) of one image at one or several scales, mirror images included.
 * @param size - Height and width of the label map.
 * @returns `height × width` class indices, row by row.
 * @throws {LayersError} `shape` if maps are not whole or differ in classes, `value` if a score is NaN or infinite, `option` if the size
 * is not one.
 *
 * @example
 * ```ts
 * import { labelsOf } from "@seg/layers";
 *
 * // Two pixels, two classes: the first is of class 0, the second of class 1.
 * const map = { data: new Float32Array([5, 0, 0, 5]), height: 1, width: 2, classes: 2 };
 * console.log(labelsOf([map], [1, 4]).join(" ")); // 0 0 1 1
 * ```
 */
export function labelsOf(maps: readonly ScoreMap[], size: readonly [height: number, width: number]): Labels {
  const [height, width] = pair("size", size, 1);
  const classes = checkMaps(maps);
  const grids = maps.map((map) => layOver(map, height, width));
  const labels = classes <= 256 ? new Uint8Array(height * width) : new Int32Array(height * width);
  const all = Int32Array.from({ length: classes }, (_, c) => c);
  if (grids.length === 1) labelCells(grids[0]!, labels, all);
  else labelBlocks(grids, labels, height, width, all);
  return labels;
}

/** One map: each block is what lies between four neighbouring score vectors. */
function labelCells(grid: Grid, labels: Labels, all: Int32Array): void {
  const { y, x } = grid;
  const [height, width] = [y.low.length, x.low.length];
  const finder = new RivalFinder([grid], all.length);
  const map = new OneMap(grid);
  for (let top = 0; top < height; top = y.runEnd[top]!) {
    for (let left = 0; left < width; left = x.runEnd[left]!) {
      const block = { top, bottom: y.runEnd[top]!, left, right: x.runEnd[left]! };
      const rivals = finder.find(block, all);
      if (rivals.length === 1) fill(labels, width, block, rivals[0]!);
      else map.label(labels, width, block, rivals);
    }
  }
}

/** Several maps: blocks are quartered until one class wins all, or they are small. */
function labelBlocks(grids: Grid[], labels: Labels, height: number, width: number, all: Int32Array): void {
  const finder = new RivalFinder(grids, all.length);
  const mean = new MeanOfMaps(grids, all.length);
  const label = (block: Block, side: number, candidates: Int32Array): void => {
    const rivals = finder.find(block, candidates);
    if (rivals.length === 1) fill(labels, width, block, rivals[0]!);
    else if (side === SIDE) mean.label(labels, width, block, rivals);
    else tile(block, side / 2, rivals);
  };
  const tile = ({ top, bottom, left, right }: Block, side: number, candidates: Int32Array): void => {
    for (let y = top; y < bottom; y += side) {
      for (let x = left; x < right; x += side) {
        const block = { top: y, bottom: Math.min(y + side, bottom), left: x, right: Math.min(x + side, right) };
        label(block, side, candidates);
      }
    }
  };
  tile({ top: 0, bottom: height, left: 0, right: width }, LARGE, all);
}

function fill(labels: Labels, width: number, { top, bottom, left, right }: Block, label: number): void {
  for (let row = top * width; row < bottom * width; row += width) {
    // A loop: rows are short, and `fill` takes longer to begin.
    for (let i = row + left; i < row + right; i++) labels[i] = label;
  }
}
