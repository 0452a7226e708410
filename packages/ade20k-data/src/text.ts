import { decode } from "fast-png";
import { GLYPHS } from "./glyphs.ts";
import type { RgbImage } from "./image.ts";

/** Height in pixels of a line that {@link drawText} draws at scale 1. */
export const TEXT_HEIGHT = GLYPHS.height;

interface Glyph {
  /** Column of the cell in the atlas. */
  column: number;
  /** Width of the cell without its margins. */
  advance: number;
}

let atlas: { width: number; data: Uint8Array; glyphs: Map<string, Glyph> } | undefined;

function loadAtlas(): NonNullable<typeof atlas> {
  const { width, data } = decode(Uint8Array.from(atob(GLYPHS.png), (char) => char.charCodeAt(0)));
  const glyphs = new Map<string, Glyph>();
  let column = 0;
  for (const [i, char] of Array.from(GLYPHS.chars).entries()) {
    const advance = Number.parseInt(GLYPHS.advances[i]!, 36);
    glyphs.set(char, { column, advance });
    column += advance + 2 * GLYPHS.margin;
  }
  return { width, data: data as Uint8Array, glyphs };
}

function layout(text: string): Glyph[] {
  atlas ??= loadAtlas();
  const { glyphs } = atlas;
  return Array.from(text.normalize("NFC"), (char) => glyphs.get(char) ?? glyphs.get("?")!);
}

/**
 * Width in pixels of one line of text.
 *
 * @example
 * ```ts
 * import { textWidth } from "@seg/ade20k-data";
 *
 * // Letters have each its own width, which grows with the scale.
 * console.log(textWidth("w") > textWidth("i"), textWidth("sky", 2) === 2 * textWidth("sky")); // true true
 * ```
 */
export function textWidth(text: string, scale = 1): number {
  return Math.ceil(layout(text).reduce((sum, { advance }) => sum + advance, 0) * scale);
}

/**
 * A text, or as much of it as fits into `width` pixels: its beginning, or with `keepEnd` its end.
 *
 * @example
 * ```ts
 * import { fitText, textWidth } from "@seg/ade20k-data";
 *
 * const width = textWidth("traffic...");
 * console.log(fitText("traffic light", width)); // traffic...
 * console.log(fitText("sky", width)); // sky
 * ```
 */
export function fitText(text: string, width: number, { scale = 1, keepEnd = false } = {}): string {
  if (textWidth(text, scale) <= width) return text;
  const chars = Array.from(text);
  const cut = (length: number) => {
    const kept = (keepEnd ? chars.slice(chars.length - length) : chars.slice(0, length)).join("");
    return keepEnd ? `...${kept.trimStart()}` : `${kept.trimEnd()}...`;
  };
  // The more letters, the wider.
  let [fits, isTooLong] = [-1, chars.length];
  while (isTooLong - fits > 1) {
    const length = (fits + isTooLong) >> 1;
    if (textWidth(cut(length), scale) <= width) fits = length;
    else isTooLong = length;
  }
  return fits < 0 ? "" : cut(fits);
}

/**
 * Draws one line of black text into a bright image, its upper left corner at column `left`, row `top`.
 *
 * @param scale - size of the letters, 1 or more: {@link TEXT_HEIGHT} · `scale` pixels for a line.
 *
 * @example
 * ```ts
 * import { blankImage, drawText, TEXT_HEIGHT, textWidth } from "@seg/ade20k-data";
 *
 * const image = blankImage(textWidth("sky"), TEXT_HEIGHT);
 * drawText(image, "sky", 0, 0);
 * // Ink on white.
 * console.log(Math.min(...image.data) < 50, Math.max(...image.data)); // true 255
 * ```
 */
export function drawText(image: RgbImage, text: string, left: number, top: number, scale = 1): void {
  let x = left - GLYPHS.margin * scale;
  for (const glyph of layout(text)) {
    drawInk(image, inkOf(glyph, scale), Math.round(x), top);
    x += glyph.advance * scale;
  }
}

/** How much ink each pixel of a cell has, 0-1. */
interface Ink {
  values: Float32Array;
  width: number;
  height: number;
}

function drawInk(image: RgbImage, { values, width, height }: Ink, left: number, top: number): void {
  const [first, end] = [Math.max(0, -left), Math.min(width, image.width - left)];
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    for (let x = first; x < end; x++) {
      const ink = values[y * width + x]!;
      if (ink === 0) continue;
      const target = ((top + y) * image.width + left + x) * 3;
      for (let c = target; c < target + 3; c++) image.data[c] = Math.round(image.data[c]! * (1 - ink));
    }
  }
}

/** Cells of the scale that was drawn last: a picture has one. */
let drawn: { scale: number; cells: Map<Glyph, Ink> } = { scale: 1, cells: new Map() };

function inkOf(glyph: Glyph, scale: number): Ink {
  if (drawn.scale !== scale) drawn = { scale, cells: new Map() };
  let ink = drawn.cells.get(glyph);
  if (!ink) {
    ink = scale === 1 ? cellOf(glyph) : enlarged(cellOf(glyph), scale);
    drawn.cells.set(glyph, ink);
  }
  return ink;
}

/** A cell as it stands in the atlas. */
function cellOf({ column, advance }: Glyph): Ink {
  const { data, width: stride } = atlas!;
  const { height, margin } = GLYPHS;
  const width = advance + 2 * margin;
  const values = Float32Array.from({ length: width * height }, (_, i) => {
    const source = Math.floor(i / width) * stride + column + (i % width);
    // Two pixels a byte, the left one in the upper half.
    return ((data[source >> 1]! >> (source % 2 ? 0 : 4)) & 15) / 15;
  });
  return { values, width, height };
}

/** A larger cell: interpolated, then with edges as steep as those of the small one. */
function enlarged({ values, width, height }: Ink, scale: number): Ink {
  const inkAt = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x]!);
  const size = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
  const larger = new Float32Array(size.width * size.height);
  for (let i = 0; i < larger.length; i++) {
    const x = ((i % size.width) + 0.5) / scale - 0.5;
    const y = (Math.floor(i / size.width) + 0.5) / scale - 0.5;
    larger[i] = Math.min(1, Math.max(0, (interpolated(inkAt, x, y) - 0.5) * scale + 0.5));
  }
  return { values: larger, ...size };
}

function interpolated(inkAt: (x: number, y: number) => number, x: number, y: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const across = cubicWeights(x - x0);
  const down = cubicWeights(y - y0);
  let ink = 0;
  for (let j = 0; j < 4; j++) {
    for (let i = 0; i < 4; i++) ink += across[i]! * down[j]! * inkAt(x0 + i - 1, y0 + j - 1);
  }
  return ink;
}

/** Catmull-Rom's weights of four neighbours at a place between the middle two. */
function cubicWeights(t: number): [number, number, number, number] {
  return [
    (-t + 2 * t * t - t ** 3) / 2,
    (2 - 5 * t * t + 3 * t ** 3) / 2,
    (t + 4 * t * t - 3 * t ** 3) / 2,
    (-t * t + t ** 3) / 2,
  ];
}
