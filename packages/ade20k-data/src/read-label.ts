import { type Explanation, explain } from "@seg/errors";
import { labelsByConvention } from "./apply-convention.ts";
import { decodeLabel, labelHeader } from "./decode-label.ts";
import { DataError, type DataErrorData, refuseUnknown } from "./errors.ts";
import type { PixelLimit } from "./image-limits.ts";
import { type LabelConvention, READY_CONVENTIONS } from "./label-convention.ts";
import type { LabelMap } from "./label-map.ts";
import { labelTurn, storedSize, turnLabels } from "./orientation.ts";
import { readBytes } from "./read-bytes.ts";

/** What a label file must agree with; what is left out is not checked. */
export interface LabelOptions extends PixelLimit {
  /** How many classes there are: values may be 0 to this. */
  numClasses?: number;
  /** The photo's width. */
  width?: number;
  /** The photo's height. */
  height?: number;
  /** How EXIF turns the photo, 1 (not at all, the default) to 8; its width and height are those of the photo as shown. */
  orientation?: number;
  /** What the values, or colours, mean; default ADE20K's: 0 is unlabeled, 1 the first class. */
  convention?: LabelConvention;
}

const OPTIONS = [
  "numClasses",
  "width",
  "height",
  "orientation",
  "convention",
  "maxPixels",
] satisfies (keyof LabelOptions)[];

/**
 * Reads a label file, an 8-bit (or smaller) grey or palette PNG whose values, or palette indices, are 0 for unlabeled and 1, 2, … for the
 * classes, as the original does: every value minus one. By another `convention` its values mean something else, and RGB files are read too.
 *
 * @returns class indices, −1 where unlabeled, in an Int16Array of `height × width` values that belongs to the caller; turned as the photo is
 *   where they were drawn on its pixels as they are stored.
 * @throws {DataError} `bad-label`, naming the file and what is wrong with it: another format, 16 bits, colours or alpha where the
 *   convention has none, another size than its photo, a value or colour without a class, or one above `numClasses`; `bad-size` for more pixels than
 *   `maxPixels`; `truncated`, `not-found`, `unreadable`; `option`.
 *
 * @example
 * ```ts
 * import { ADE20K_CLASSES, readLabel, writeLabelPng } from "@seg/ade20k-data";
 *
 * // Its values are 3 0 1 1.
 * await writeLabelPng("label.png", { labels: new Int16Array([2, -1, 0, 0]), width: 2, height: 2 }, ADE20K_CLASSES);
 * const { labels, width, height } = await readLabel("label.png", { numClasses: 150 });
 * console.log(labels.join(" "), width, height); // 2 -1 0 0 2 2
 * ```
 */
export async function readLabel(path: string, options: LabelOptions = {}): Promise<LabelMap<Int16Array>> {
  refuseUnknown(options, OPTIONS, "the options of readLabel");
  const { convention = READY_CONVENTIONS.ade20k } = options;
  const bytes = await readBytes(path);
  // Before any decoding, so that a wrong file costs nothing.
  const header = labelHeader(bytes);
  if (!header) {
    const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
    throw bad(path, {
      expected: "a PNG file",
      received: isJpeg ? "a JPEG, which is lossy: its values are no longer exact" : "another format",
      hint: `save the labels as 8-bit grey or palette PNG${isJpeg ? " from where they were drawn" : ""}`,
    });
  }
  const { width, height, depth } = header;
  if (depth === 16) {
    const hint = "save them as 8-bit grey or palette PNG";
    throw bad(path, { expected: "8-bit labels", received: "16 bits a pixel", hint });
  }
  const { orientation = 1, width: expectedWidth = width, height: expectedHeight = height } = options;
  const photo = { width: expectedWidth, height: expectedHeight, orientation };
  const turn = labelTurn({ width, height }, photo, convention.orientation);
  if (turn === undefined) {
    const stored = storedSize(photo);
    const turned = stored.width === expectedWidth ? "" : ` or ${stored.width}×${stored.height} before EXIF turns it`;
    throw bad(
      path,
      {
        expected: `${expectedWidth}×${expectedHeight} pixels, its photo's size${turned},`,
        received: `${width}×${height}`,
        hint: "pair it with its own photo",
      },
      { width, height, expectedWidth, expectedHeight },
    );
  }

  const pixels = await decodeLabel(bytes, path, options);
  const labels = labelsByConvention(pixels, { file: path, convention, numClasses: options.numClasses });
  return turnLabels({ labels, width, height }, turn);
}

function bad(file: string, explanation: Explanation, values: Partial<DataErrorData> = {}): DataError {
  return new DataError("bad-label", `${file}: ${explain(explanation)}`, { data: { file, ...values } });
}
