import { blankImage, fillRectangle, paste } from "./canvas.ts";
import type { Color } from "./classes.ts";
import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import type { ClassShare } from "./label-map.ts";
import { drawText, fitText, TEXT_HEIGHT, textWidth } from "./text.ts";

// In pixels at scale 1.
const GAP = 10;
const SWATCH = 20;
const COLUMN_GAP = 20;
const BORDER = 1;
const ROW = TEXT_HEIGHT + 6;
/** Longer names are cut. */
const LONGEST_NAME = 480;
/** A legend of more rows has several columns. */
const ROWS = 40;
/** Height of a photo at which a legend beside it has letters of scale 1. */
const PLAIN_HEIGHT = 720;
// Tells white and pale swatches from the paper, and black ones from each other.
const BORDER_COLOR: Color = [110, 110, 110];

/** A row of a legend. */
export interface LegendRow extends Pick<ClassShare, "name" | "color"> {
  /** Part of all pixels, 0-1, told in per cent at the row's end. */
  share?: number;
  /** What else is told there, in the share's place. */
  note?: string;
}

/** How a legend is laid out. */
export interface LegendOptions {
  /** Size of everything: letters are 20 · `scale` pixels high. Default 1. */
  scale?: number;
  /** Rows are put beside each other as far as they fit into this width, in pixels. Default: in columns of up to 40. */
  width?: number;
}

/**
 * A picture that tells what the colours mean: a row for each class with its bordered swatch, name and, if given, share in per cent, in the
 * order given, column after column. It needs no font on the machine: letters of the Latin, Greek and Cyrillic alphabets are drawn, others
 * become "?". Very long names are cut.
 *
 * @param shares - what {@link classShares} gives; at least one.
 * @returns a new image, dark on white.
 * @throws {DataError} `option` if there are no classes, or an option is out of range.
 *
 * @example
 * ```ts
 * import { legend } from "@seg/ade20k-data";
 *
 * const { width, height, data } = legend([{ name: "sky", color: [6, 230, 230] }]);
 * console.log(data.length === width * height * 3); // true
 * ```
 */
export function legend(shares: readonly LegendRow[], { scale = 1, width }: LegendOptions = {}): RgbImage {
  if (shares.length === 0)
    throw badOption("shares", 0, { expected: "at least one class in a legend", received: "none" });
  if (!(scale >= 1 && scale <= 100)) {
    throw badOption("scale", scale, { expected: "a legend's scale from 1 to 100", received: `${scale}` });
  }
  const rows = layOut(shares, scale);
  const most = Math.ceil(shares.length / ROWS);
  const columns = width === undefined ? most : Math.floor((width - rows.px(GAP)) / (rows.column + rows.px(COLUMN_GAP)));
  return draw(rows, Math.max(1, columns));
}

/** Rows with their texts, and how wide they are. */
interface Rows {
  texts: { name: string; note: string; color: Color }[];
  /** Width of a column, in pixels. */
  column: number;
  scale: number;
  /** A length at this scale, in whole pixels. */
  px(length: number): number;
}

function layOut(shares: readonly LegendRow[], scale: number): Rows {
  const px = (length: number) => Math.round(length * scale);
  const texts = shares.map(({ name, share, color, note = "" }) => ({
    name: fitText(name, px(LONGEST_NAME), { scale }),
    color,
    note: share === undefined ? note : `${(share * 100).toFixed(2)}%`,
  }));
  const nameWidth = Math.max(...texts.map(({ name }) => textWidth(name, scale)));
  const noteWidth = Math.max(...texts.map(({ note }) => textWidth(note, scale)));
  const column = px(SWATCH + GAP) + nameWidth + (noteWidth > 0 ? px(2 * GAP) + noteWidth : 0);
  return { texts, column, scale, px };
}

/** How large a legend of up to that many columns is, and how many rows are in one. */
function sizeOf({ texts, column, px }: Rows, columns: number): { width: number; height: number; high: number } {
  const high = Math.ceil(texts.length / columns);
  const used = Math.ceil(texts.length / high);
  return {
    width: used * column + (used - 1) * px(COLUMN_GAP) + 2 * px(GAP),
    height: high * px(ROW) + px(GAP),
    high,
  };
}

function draw(rows: Rows, columns: number): RgbImage {
  const { texts, column, scale, px } = rows;
  const { width, height, high } = sizeOf(rows, columns);
  const image = blankImage(width, height);
  const border = px(BORDER);
  const side = px(SWATCH);
  texts.forEach(({ name, note, color }, i) => {
    const left = px(GAP) + Math.floor(i / high) * (column + px(COLUMN_GAP));
    const top = px(GAP / 2) + (i % high) * px(ROW) + px((ROW - TEXT_HEIGHT) / 2);
    const outer = { left: left - border, top: top - border, width: side + 2 * border, height: side + 2 * border };
    fillRectangle(image, outer, BORDER_COLOR);
    fillRectangle(image, { left, top, width: side, height: side }, color);
    drawText(image, name, left + px(SWATCH + GAP), top, scale);
    drawText(image, note, left + column - textWidth(note, scale), top, scale);
  });
  return image;
}

/**
 * A picture with a legend to its right, on white, letters as large as the picture wants them.
 *
 * @param image - such as {@link overlay} gives; not changed.
 * @param shares - what {@link classShares} gives; none gives the picture alone.
 * @returns a new image, at least as high as the picture and the legend.
 *
 * @example
 * ```ts
 * import { blankImage, withLegend } from "@seg/ade20k-data";
 *
 * const photo = blankImage(64, 200, [6, 230, 230]);
 * const picture = withLegend(photo, [{ name: "sky", color: [6, 230, 230], share: 1 }]);
 * console.log(picture.width > photo.width, picture.height); // true 200
 * ```
 */
export function withLegend(image: RgbImage, shares: readonly LegendRow[]): RgbImage {
  if (shares.length === 0) return image;
  const scale = Math.max(1, image.height / PLAIN_HEIGHT);
  const rows = layOut(shares, scale);
  // As few columns as are no higher than the picture, or than they are wide.
  let columns = 1;
  const isTooHigh = ({ width, height }: { width: number; height: number }) => height > Math.max(image.height, width);
  while (isTooHigh(sizeOf(rows, columns))) columns++;
  const key = draw(rows, columns);
  const canvas = blankImage(image.width + key.width, Math.max(image.height, key.height));
  paste(canvas, image, 0, 0);
  paste(canvas, key, image.width, 0);
  return canvas;
}
