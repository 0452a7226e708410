import type { Color } from "./classes.ts";
import { badOption } from "./errors.ts";

/**
 * `count` colours that are easy to tell apart: each is the one, of a grid over RGB, that lies farthest in CIELAB from black
 * (unlabeled), from `taken` and from those before it. The same arguments always give the same colours.
 *
 * @param count - how many, up to 500.
 * @param taken - colours already in use.
 * @throws {DataError} `option` if `count` is more than the grid holds.
 */
export function distinctColors(count: number, taken: readonly Color[] = []): Color[] {
  if (!(count <= 500))
    throw badOption("count", count, { expected: "at most 500 colours", but: `${count} were asked for` });
  const levels = [0, 36, 73, 109, 146, 182, 219, 255];
  const grid = levels.flatMap((r) => levels.flatMap((g) => levels.map((b): Color => [r, g, b])));
  const labs = grid.map(lab);
  const distances = new Float64Array(grid.length).fill(Number.POSITIVE_INFINITY);
  const avoid = (color: Color) => {
    const point = lab(color);
    labs.forEach((other, i) => {
      distances[i] = Math.min(distances[i]!, Math.hypot(other[0] - point[0], other[1] - point[1], other[2] - point[2]));
    });
  };
  for (const color of [[0, 0, 0] as const, ...taken]) avoid(color);
  return Array.from({ length: count }, () => {
    const color = grid[distances.reduce((best, distance, i) => (distance > distances[best]! ? i : best), 0)]!;
    avoid(color);
    return color;
  });
}

/** sRGB to CIELAB under D65. */
function lab(color: Color): [number, number, number] {
  const [r, g, b] = color.map((v) => (v > 10.31475 ? ((v / 255 + 0.055) / 1.055) ** 2.4 : v / 255 / 12.92)) as [
    number,
    number,
    number,
  ];
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
