import type { Color } from "./classes.ts";
import { badOption } from "./errors.ts";

// Steps of the grid over RGB that colours are taken from.
const STEP = 17;
// Darker colours look like black (unlabeled), lighter ones like paper and skies. OKLab's lightness, 0-1.
const DARKEST = 0.35;
const LIGHTEST = 0.9;
/** How many times as far as any two colours those of neighbouring indices are kept apart. */
const NEIGHBOURS = 3;

/**
 * `count` colours that are easy to tell apart, from each other, from black (unlabeled) and from white: each is the one, of a grid over RGB
 * without the very dark and the very light, that is farthest in DIN99o from black, white, `taken` and those before it, where the one right
 * before it counts as three times as near: classes of neighbouring indices differ clearly, on photos too. The same arguments always give
 * the same colours, and fewer of them the first ones.
 *
 * Of 20 colours no two are nearer than 12 in CIEDE2000, of 256 than 6; neighbours, blended half and half with white, black, grey, sky, leaves
 * or earth, are 9 apart at least.
 *
 * @param count - how many, up to 500.
 * @param taken - colours already in use.
 * @throws {DataError} `option` if `count` is more than that.
 * @see DIN 6176; Cui et al., Uniform colour spaces based on the DIN99 colour-difference formula, 2002. Ottosson, A perceptual color space for
 *   image processing (OKLab), 2020.
 *
 * @example
 * ```ts
 * import { distinctColors } from "@seg/ade20k-data";
 *
 * const colors = distinctColors(20);
 * console.log(new Set(colors.map(String)).size); // 20
 * ```
 */
export function distinctColors(count: number, taken: readonly Color[] = []): Color[] {
  if (!(count <= 500))
    throw badOption("count", count, { expected: "at most 500 colours", but: `${count} were asked for` });
  if (count <= 0) return [];
  const points = grid().map(din99o);
  const nearest = new Float64Array(points.length).fill(Number.POSITIVE_INFINITY);
  const fromLast = nearest.slice();
  const avoid = (color: Color) => {
    const [l, a, b] = din99o(color);
    points.forEach((point, i) => {
      fromLast[i] = Math.hypot(point[0] - l, point[1] - a, point[2] - b);
      nearest[i] = Math.min(nearest[i]!, fromLast[i]!);
    });
  };
  for (const color of [[0, 0, 0] as const, [255, 255, 255] as const, ...taken]) avoid(color);
  // No colour of the set comes before the first.
  fromLast.fill(Number.POSITIVE_INFINITY);
  return Array.from({ length: count }, () => {
    let best = 0;
    let most = -1;
    for (let i = 0; i < points.length; i++) {
      const apart = Math.min(nearest[i]!, fromLast[i]! / NEIGHBOURS);
      if (apart > most) {
        most = apart;
        best = i;
      }
    }
    const color = grid()[best]!;
    avoid(color);
    return color;
  });
}

let colors: Color[] | undefined;

function grid(): readonly Color[] {
  const levels = Array.from({ length: 255 / STEP + 1 }, (_, i) => i * STEP);
  colors ??= levels
    .flatMap((r) => levels.flatMap((g) => levels.map((b): Color => [r, g, b])))
    .filter((color) => {
      const lightness = oklabLightness(color);
      return lightness >= DARKEST && lightness <= LIGHTEST;
    });
  return colors;
}

type Triple = [number, number, number];

const linear = (color: Color) =>
  color.map((v) => (v > 10.31475 ? ((v / 255 + 0.055) / 1.055) ** 2.4 : v / 255 / 12.92)) as Triple;

function oklabLightness(color: Color): number {
  const [r, g, b] = linear(color);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

/** sRGB to CIELAB under D65. */
function lab(color: Color): Triple {
  const [r, g, b] = linear(color);
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const ANGLE = (26 * Math.PI) / 180;

/** sRGB to DIN99o, in which straight distances are nearly those that are seen: CIELAB's are too large for vivid colours. */
function din99o(color: Color): Triple {
  const [lightness, a, b] = lab(color);
  const e = a * Math.cos(ANGLE) + b * Math.sin(ANGLE);
  const f = 0.83 * (b * Math.cos(ANGLE) - a * Math.sin(ANGLE));
  const chroma = Math.log(1 + 0.075 * Math.hypot(e, f)) / 0.0435;
  const hue = Math.atan2(f, e) + ANGLE;
  return [303.67 * Math.log(1 + 0.0039 * lightness), chroma * Math.cos(hue), chroma * Math.sin(hue)];
}
