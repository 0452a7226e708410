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
  const { width, data } = decode(Buffer.from(GLYPHS.png, "base64"));
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

/** Width in pixels of one line of text. */
export function textWidth(text: string, scale = 1): number {
  return Math.ceil(layout(text).reduce((sum, { advance }) => sum + advance, 0) * scale);
}

/** A text, or as much of it as fits into `width` pixels: its beginning, or with `keepEnd` its end. */
export function fitText(text: string, width: number, { scale = 1, keepEnd = false } = {}): string {
  if (textWidth(text, scale) <= width) return text;
  const chars = Array.from(text);
  while (chars.length > 0) {
    if (keepEnd) chars.shift();
    else chars.pop();
    const kept = chars.join("");
    const cut = keepEnd ? `...${kept.trimStart()}` : `${kept.trimEnd()}...`;
    if (textWidth(cut, scale) <= width) return cut;
  }
  return "";
}

/**
 * Draws one line of black text into a bright image, its upper left corner at column `left`, row `top`.
 *
 * @param scale - size of the letters, 1 or more: {@link TEXT_HEIGHT} · `scale` pixels for a line.
 */
export function drawText(image: RgbImage, text: string, left: number, top: number, scale = 1): void {
  let x = left - GLYPHS.margin * scale;
  for (const { column, advance } of layout(text)) {
    const width = advance + 2 * GLYPHS.margin;
    drawGlyph(image, cellOf(column, width), { left: x, top, width, scale });
    x += advance * scale;
  }
}

/** How much ink each pixel of a cell has, 0-1. */
function cellOf(column: number, width: number): Float32Array {
  const { data, width: stride } = atlas!;
  return Float32Array.from({ length: width * GLYPHS.height }, (_, i) => {
    const source = Math.floor(i / width) * stride + column + (i % width);
    // Two pixels a byte, the left one in the upper half.
    return ((data[source >> 1]! >> (source % 2 ? 0 : 4)) & 15) / 15;
  });
}

interface Place {
  left: number;
  top: number;
  /** Width of the cell. */
  width: number;
  scale: number;
}

function drawGlyph(image: RgbImage, cell: Float32Array, { left, top, width, scale }: Place): void {
  const inkAt = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= GLYPHS.height ? 0 : cell[y * width + x]!;
  const [first, end] = [Math.max(0, Math.floor(left)), Math.min(image.width, Math.ceil(left + width * scale))];
  for (let y = Math.max(0, top); y < Math.min(image.height, top + Math.ceil(GLYPHS.height * scale)); y++) {
    for (let x = first; x < end; x++) {
      const ink =
        scale === 1
          ? inkAt(x - left, y - top)
          : enlarged(inkAt, (x + 0.5 - left) / scale - 0.5, (y + 0.5 - top) / scale - 0.5, scale);
      if (ink === 0) continue;
      const target = (y * image.width + x) * 3;
      for (let c = target; c < target + 3; c++) image.data[c] = Math.round(image.data[c]! * (1 - ink));
    }
  }
}

/** Ink between the cell's pixels: interpolated, then with edges as steep as those of the small letters. */
function enlarged(inkAt: (x: number, y: number) => number, x: number, y: number, scale: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const across = cubicWeights(x - x0);
  const down = cubicWeights(y - y0);
  let ink = 0;
  for (let j = 0; j < 4; j++) {
    for (let i = 0; i < 4; i++) ink += across[i]! * down[j]! * inkAt(x0 + i - 1, y0 + j - 1);
  }
  return Math.min(1, Math.max(0, (ink - 0.5) * scale + 0.5));
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
