import { drawText, type RgbImage, TEXT_HEIGHT, textWidth } from "@seg/ade20k-data";
import type { ConfusionMatrix } from "@seg/metrics";

// Bright enough for black digits.
const FULL = [255, 130, 20] as const;
const EMPTY_ROW = [235, 235, 235] as const;
const GAP = 10;
const LINE = TEXT_HEIGHT + 4;
/** With more classes, cells are too many for numbers. */
const NUMBERED = 40;

/**
 * A picture of a confusion matrix: a row for each true class, a column for each predicted one, cells darker the larger their part
 * of the row (by its square root, so that small confusions show), with per cents where there are few classes. Rows of classes that
 * do not occur are grey.
 *
 * @param names - the classes' names, in order.
 * @returns a new image.
 */
export function confusionPicture(matrix: ConfusionMatrix, names: readonly string[]): RgbImage {
  const numbered = names.length <= NUMBERED;
  const cell = numbered ? textWidth("100") + 6 : TEXT_HEIGHT + 2;
  const label = Math.max(...names.map((name) => textWidth(name))) + GAP;
  const legend = "Row: true class. Column: predicted class. Colour: part of the row.";
  const left = GAP + label;
  const top = GAP + LINE + label;
  const width = Math.max(left + names.length * cell + GAP, 2 * GAP + textWidth(legend));
  const height = top + names.length * cell + GAP;
  const image = { data: new Uint8Array(width * height * 3).fill(255), width, height };
  const middle = (cell - TEXT_HEIGHT) >> 1;

  drawText(image, legend, GAP, GAP);
  names.forEach((name, truth) => {
    const y = top + truth * cell;
    drawText(image, name, left - GAP / 2 - textWidth(name), y + middle);
    drawUpwards(image, name, left + truth * cell + middle, top - GAP / 2);
    const total = names.reduce((sum, _, prediction) => sum + matrix.count(truth, prediction), 0);
    names.forEach((_, prediction) => {
      const x = left + prediction * cell;
      const share = total === 0 ? 0 : matrix.count(truth, prediction) / total;
      const color = FULL.map((full) => Math.round(255 - (255 - full) * Math.sqrt(share)));
      fill(image, x, y, cell - 1, total === 0 ? EMPTY_ROW : color);
      const percent = String(Math.round(share * 100));
      if (numbered && percent !== "0") drawText(image, percent, x + ((cell - textWidth(percent)) >> 1), y + middle);
    });
  });
  return image;
}

function fill(image: RgbImage, x: number, y: number, size: number, color: readonly number[]): void {
  for (let row = y; row < y + size; row++) {
    for (let column = x; column < x + size; column++) image.data.set(color, (row * image.width + column) * 3);
  }
}

/** Draws text that reads from `bottom` upwards. */
function drawUpwards(image: RgbImage, text: string, left: number, bottom: number): void {
  const width = textWidth(text);
  const line = { data: new Uint8Array(width * TEXT_HEIGHT * 3).fill(255), width, height: TEXT_HEIGHT };
  drawText(line, text, 0, 0);
  for (let y = 0; y < TEXT_HEIGHT; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      image.data.set(line.data.subarray(from, from + 3), ((bottom - 1 - x) * image.width + left + y) * 3);
    }
  }
}
