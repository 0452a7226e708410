import { expect } from "vitest";

/** Scores `[height, width, classes]` of one image; `flipped`: of its mirror image. */
interface Scores {
  data: Float32Array;
  height: number;
  width: number;
  classes: number;
  flipped?: boolean;
}

/**
 * Expects labels to be the argmax of what plain loops over every pixel and class compute in float64: scores interpolated bilinearly
 * (half-pixel centres, clamped), and for several maps softmax and mean. A pixel may differ only if its two classes differ by less than
 * `slack` roundings of float32 of what is compared.
 *
 * @returns How many pixels differ.
 */
export function expectLabels(
  labels: ArrayLike<number>,
  maps: readonly Scores[],
  [height, width]: readonly [number, number],
  slack = 1,
): number {
  expect(labels.length).toBe(height * width);
  const { classes } = maps[0]!;
  const scores = new Float64Array(classes);
  const mean = new Float64Array(classes);
  let different = 0;
  let worst = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      mean.fill(0);
      let magnitude = 0;
      for (const map of maps) {
        interpolate(map, ((y + 0.5) * map.height) / height - 0.5, ((x + 0.5) * map.width) / width - 0.5, scores);
        for (let c = 0; c < classes; c++) magnitude = Math.max(magnitude, Math.abs(scores[c]!));
        if (maps.length > 1) softmax(scores);
        for (let c = 0; c < classes; c++) mean[c]! += scores[c]! / maps.length;
      }
      let best = 0;
      for (let c = 1; c < classes; c++) if (mean[c]! > mean[best]!) best = c;
      const label = labels[y * width + x]!;
      if (label === best) continue;
      different++;
      const rounding = 2 ** -24 * (maps.length === 1 ? magnitude : mean[best]!);
      worst = Math.max(worst, (mean[best]! - (mean[label] ?? Number.NEGATIVE_INFINITY)) / rounding);
    }
  }
  expect(worst, `float32 roundings that a wrong label lacks, of ${different} pixels that differ`).toBeLessThan(slack);
  return different;
}

function interpolate(
  { data, height, width, classes, flipped }: Scores,
  y: number,
  x: number,
  scores: Float64Array,
): void {
  scores.fill(0);
  for (const [row, rowWeight] of neighbours(y, height)) {
    for (const [column, columnWeight] of neighbours(x, width)) {
      const start = (row * width + (flipped ? width - 1 - column : column)) * classes;
      const weight = rowWeight * columnWeight;
      for (let c = 0; c < classes; c++) scores[c]! += weight * data[start + c]!;
    }
  }
}

function neighbours(position: number, count: number): [number, number][] {
  const at = Math.min(Math.max(position, 0), count - 1);
  const low = Math.floor(at);
  if (at === low) return [[low, 1]];
  return [
    [low, 1 - (at - low)],
    [low + 1, at - low],
  ];
}

function softmax(scores: Float64Array): void {
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < scores.length; c++) most = Math.max(most, scores[c]!);
  let sum = 0;
  for (let c = 0; c < scores.length; c++) {
    const value = Math.exp(scores[c]! - most);
    scores[c] = value;
    sum += value;
  }
  for (let c = 0; c < scores.length; c++) scores[c]! /= sum;
}
