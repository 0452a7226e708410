import { badOption } from "./errors.ts";
import type { RgbImage } from "./image.ts";
import type { ClassShare } from "./label-map.ts";
import { drawText, TEXT_HEIGHT, textWidth } from "./text.ts";

const GAP = 10;
const SWATCH = 20;
const ROW = TEXT_HEIGHT + 6;

/**
 * A picture that tells what the colours mean: a row for each class with its swatch, name and share in per cent, in the order
 * given. It needs no font on the machine: letters of the Latin, Greek and Cyrillic alphabets are drawn, others become "?".
 *
 * @param shares - what {@link classShares} gives; at least one.
 * @returns a new image, dark on white.
 * @throws {DataError} `option` if there are no classes.
 */
export function legend(shares: readonly ClassShare[]): RgbImage {
  if (shares.length === 0)
    throw badOption("shares", 0, { expected: "at least one class in a legend", received: "none" });
  const rows = shares.map(({ name, share, color }) => ({ name, color, share: `${(share * 100).toFixed(2)}%` }));
  const nameWidth = Math.max(...rows.map(({ name }) => textWidth(name)));
  const shareWidth = Math.max(...rows.map(({ share }) => textWidth(share)));
  const width = GAP + SWATCH + GAP + nameWidth + 2 * GAP + shareWidth + GAP;
  const height = rows.length * ROW + GAP;
  const image = { data: new Uint8Array(width * height * 3).fill(255), width, height };

  rows.forEach(({ name, share, color }, i) => {
    const top = GAP / 2 + i * ROW + (ROW - TEXT_HEIGHT) / 2;
    for (let y = top; y < top + SWATCH; y++) {
      for (let x = GAP; x < GAP + SWATCH; x++) image.data.set(color, (y * width + x) * 3);
    }
    drawText(image, name, GAP + SWATCH + GAP, top);
    drawText(image, share, width - GAP - textWidth(share), top);
  });
  return image;
}
