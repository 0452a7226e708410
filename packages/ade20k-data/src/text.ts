import { decode } from "fast-png";
import { GLYPHS } from "./glyphs.ts";
import type { RgbImage } from "./image.ts";

/** Height in pixels of a line that {@link drawText} draws. */
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
export function textWidth(text: string): number {
  return layout(text).reduce((sum, { advance }) => sum + advance, 0);
}

/** Draws one line of black text into a bright image, its upper left corner at column `left`, row `top`. */
export function drawText(image: RgbImage, text: string, left: number, top: number): void {
  const glyphs = layout(text);
  const { width, data } = atlas!;
  let x = left - GLYPHS.margin;
  for (const { column, advance } of glyphs) {
    const cell = advance + 2 * GLYPHS.margin;
    for (let i = 0; i < cell * GLYPHS.height; i++) {
      const [dx, dy] = [i % cell, Math.floor(i / cell)];
      const source = dy * width + column + dx;
      // Two pixels a byte, the left one in the upper half.
      const ink = ((data[source >> 1]! >> (source % 2 ? 0 : 4)) & 15) / 15;
      if (ink === 0) continue;
      const target = ((top + dy) * image.width + x + dx) * 3;
      for (let c = target; c < target + 3; c++) image.data[c] = Math.round(image.data[c]! * (1 - ink));
    }
    x += advance;
  }
}
