import { type Explanation, explain } from "@seg/errors";
import { decodeLabel, labelHeader } from "./decode-label.ts";
import { DataError, type DataErrorData, refuseUnknown } from "./errors.ts";
import type { LabelMap } from "./label-map.ts";
import { readBytes } from "./read-bytes.ts";

/** What a label file must agree with; what is left out is not checked. */
export interface LabelOptions {
  /** How many classes there are: values may be 0 to this. */
  numClasses?: number;
  /** The photo's width. */
  width?: number;
  /** The photo's height. */
  height?: number;
}

const OPTIONS = ["numClasses", "width", "height"] satisfies (keyof LabelOptions)[];

/**
 * Reads a label file, an 8-bit (or smaller) grey or palette PNG whose values, or palette indices, are 0 for unlabeled and 1, 2, … for the
 * classes, as the original does: every value minus one.
 *
 * @returns class indices, −1 where unlabeled, in an Int16Array of `height × width` values that belongs to the caller.
 * @throws {DataError} `bad-label`, naming the file and what is wrong with it: another format, 16 bits, RGB or alpha channels, another
 *   size than its photo, a value above `numClasses`; `truncated`, `not-found`, `unreadable`; `option`.
 */
export async function readLabel(path: string, options: LabelOptions = {}): Promise<LabelMap<Int16Array>> {
  refuseUnknown(options, OPTIONS, "the options of readLabel");
  const bytes = await readBytes(path);
  // Before any decoding, so that a wrong file costs nothing.
  const header = labelHeader(bytes);
  if (!header) {
    throw bad(path, {
      expected: "a PNG file",
      received: "another format",
      hint: "save the labels as 8-bit grey or palette PNG",
    });
  }
  const { width, height, depth, channels } = header;
  if (depth === 16) {
    const hint = "save them as 8-bit grey or palette PNG";
    throw bad(path, { expected: "8-bit labels", received: "16 bits a pixel", hint });
  }
  if (channels !== 1) {
    const kind = { 2: "grey with alpha", 3: "RGB", 4: "RGB with alpha" }[channels];
    const hint = "save the label values, not their colours, as 8-bit grey or palette PNG";
    throw bad(path, { expected: "one value a pixel", received: kind, hint });
  }
  const [expectedWidth, expectedHeight] = [options.width ?? width, options.height ?? height];
  if (width !== expectedWidth || height !== expectedHeight) {
    throw bad(
      path,
      {
        expected: `${expectedWidth}×${expectedHeight} pixels, its photo's size,`,
        received: `${width}×${height}`,
        hint: "pair it with its own photo",
      },
      { width, height, expectedWidth, expectedHeight },
    );
  }

  const labels = toLabels((await decodeLabel(bytes, path)).data);
  const { numClasses } = options;
  const above = numClasses === undefined ? -1 : labels.findIndex((label) => label >= numClasses);
  if (above !== -1) {
    const [value, x, y] = [labels[above]! + 1, above % width, Math.floor(above / width)];
    throw bad(
      path,
      {
        expected: `label values from 0 to ${numClasses}`,
        received: `${value} at column ${x}, row ${y}`,
        hint: "correct the label or the number of classes",
      },
      { value, x, y, numClasses: numClasses! },
    );
  }
  return { labels, width, height };
}

function toLabels(values: Uint8Array | Uint16Array): Int16Array {
  const labels = new Int16Array(values.length);
  for (let i = 0; i < values.length; i++) labels[i] = values[i]! - 1;
  return labels;
}

function bad(file: string, explanation: Explanation, values: Partial<DataErrorData> = {}): DataError {
  return new DataError("bad-label", `${file}: ${explain(explanation)}`, { data: { file, ...values } });
}
