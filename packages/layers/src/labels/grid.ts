import { LayersError } from "../errors.ts";
import { type Axis, axis } from "./axis.ts";
import type { Block } from "./block.ts";
import type { ScoreMap } from "./score-map.ts";

/** A score map laid over the pixels: the score vector of a row and column begins at `origin + row · rowStride + column · columnStride`. */
export interface Grid {
  readonly data: Float32Array;
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  readonly origin: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly y: Axis;
  readonly x: Axis;
  /** The best class of each score vector, row by row; of equals the lowest. */
  readonly best: Int32Array;
}

/**
 * Lays a map over `rows` × `columns` pixels; one of a mirror image from right to left.
 *
 * @throws {LayersError} `value` if a score is not finite.
 */
export function layOver(map: ScoreMap, rows: number, columns: number): Grid {
  const { data, height, width, classes, flipped } = map;
  const rowStride = width * classes;
  const columnStride = flipped ? -classes : classes;
  const origin = flipped ? rowStride - classes : 0;
  const best = new Int32Array(height * width);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      best[i++] = bestOf(data, origin + row * rowStride + column * columnStride, classes);
    }
  }
  const [y, x] = [axis(height, rows), axis(width, columns)];
  return { data, classes, height, width, origin, rowStride, columnStride, y, x, best };
}

/** Where the score vectors around a block lie: first and last row and column, the last included. */
export function surroundings({ y, x }: Grid, { top, bottom, left, right }: Block): Block {
  return {
    top: y.low[top]!,
    bottom: y.low[bottom - 1]! + y.step,
    left: x.low[left]!,
    right: x.low[right - 1]! + x.step,
  };
}

function bestOf(data: Float32Array, start: number, classes: number): number {
  const end = start + classes;
  let at = start;
  let most = data[start]!;
  // Finite exactly if every score is: float32 numbers cannot overflow a float64 sum.
  let sum = 0;
  for (let i = start; i < end; i++) {
    const score = data[i]!;
    sum += score;
    if (score > most) {
      most = score;
      at = i;
    }
  }
  if (!Number.isFinite(sum)) {
    const wrong = data.subarray(start, end).findIndex((score) => !Number.isFinite(score));
    throw new LayersError(
      "value",
      {
        expected: "finite scores",
        received: `${data[start + wrong]} for class ${wrong}`,
        hint: "the network's weights may be damaged; give a class that must not win -1e9",
      },
      { data: { received: data[start + wrong] } },
    );
  }
  return at - start;
}
