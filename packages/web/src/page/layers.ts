import type { PageClass } from "./segmenter.ts";

/**
 * Layers are made for what is to be seen, never for the whole photo: some millions of pixels however large the photo is, sharp when zoomed in,
 * and outlines are as thick far away as near. Strength and comparison are the canvas's own work and need no new layer.
 */

/** What a layer is made of: labels, and where each of its columns and rows lies in the photo. */
export interface Sampling {
  labels: Uint8Array | Int32Array;
  /** Photo's width. */
  stride: number;
  /** The photo's column for each column of the layer. */
  columns: Int32Array;
  /** The photo's row for each row of the layer. */
  rows: Int32Array;
}

/** RGBA as a canvas's bytes lie in memory, on machines whose lowest byte comes first (all that run browsers). */
const rgba = (red: number, green: number, blue: number, alpha: number): number =>
  ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;

/** Each class's colour; index + 1, with nothing for unlabeled pixels. */
export function colorTable(classes: readonly PageClass[]): Uint32Array {
  const table = new Uint32Array(classes.length + 1);
  for (const { index, color } of classes) table[index + 1] = rgba(...color, 255);
  return table;
}

/** Darkness over everything but one class. */
export function dimTable(length: number, lit: number): Uint32Array {
  return new Uint32Array(length).fill(rgba(12, 13, 15, 255)).fill(0, lit + 1, lit + 2);
}

/** The photo's pixel for each of `count` pixels of a layer, of which the first begins at `start` and each is `step` wide. */
export const samples = (count: number, start: number, step: number, limit: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => Math.min(limit - 1, Math.max(0, Math.floor(start + (i + 0.5) * step))));

/** Fills a layer: each pixel what the table has for its class. */
export function fill({ labels, stride, columns, rows }: Sampling, table: Uint32Array, out: Uint32Array): void {
  const { length } = columns;
  let o = 0;
  for (const row of rows) {
    const start = row * stride;
    for (let i = 0; i < length; i++) out[o++] = table[labels[start + columns[i]!]! + 1]!;
  }
}

/** Keeps of a filled layer only what is at most `thickness` pixels from another class. */
export function outline(layer: Uint32Array, width: number, height: number, thickness: number): Uint32Array {
  const kept = new Uint32Array(layer.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const own = layer[at]!;
      if (own === 0) continue;
      for (let step = 1; step <= thickness; step++) {
        const isBorder =
          (x >= step && layer[at - step] !== own) ||
          (x + step < width && layer[at + step] !== own) ||
          (y >= step && layer[at - step * width] !== own) ||
          (y + step < height && layer[at + step * width] !== own);
        if (isBorder) {
          kept[at] = own;
          break;
        }
      }
    }
  }
  return kept;
}
