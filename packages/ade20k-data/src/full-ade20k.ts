import { basename } from "node:path";
import type { Explanation } from "@seg/errors";
import { DataError } from "./errors.ts";

/** What to use in place of the full data set. */
export const FULL_ADE20K_HINT =
  "use ADEChallengeData2016, whose annotations/ hold one class number a pixel for 150 classes; `seg download ade20k` gets it";

/** Whether a file is named like the label maps of the full ADE20K data set, `ADE_train_00000001_seg.png`. */
export const isFullAde20kLabel = (path: string): boolean => /_seg\.png$/i.test(path);

/**
 * Whether a path tells of the full ADE20K data set: its folder (`ADE20K_2016_07_26`, `ADE20K_2021_17_01`), its index
 * (`index_ade20k.pkl`, `.mat`), or its label and parts files.
 */
function tellsFullAde20k(path: string): boolean {
  return /(^|[\\/])(ADE20K_20\d\d_\d\d_\d\d([\\/]|(\.\w+)*$)|index_ade20k\.(pkl|mat)$|ADE_(train|val|frame)_\w*_(seg|parts_\d+)\.png$)/i.test(
    path,
  );
}

/** Whether RGB pixels may be that data set's coding, class R / 10 × 256 + G, of its 3,688 classes. */
export function isCodedAsFullAde20k(data: ArrayLike<number>, channels: number): boolean {
  let highest = 0;
  for (let i = 0; i < data.length; i += channels) {
    if (data[i]! % 10 !== 0) return false;
    highest = Math.max(highest, data[i]!);
  }
  return highest > 0 && highest <= 140;
}

/** The words for a label file of that data set. */
export const fullAde20kLabel = {
  expected: "one value a pixel",
  but: "this is a label of the full ADE20K data set, whose class numbers are R / 10 × 256 + G of about 3,000 classes",
  hint: FULL_ADE20K_HINT,
};

/**
 * Recognizes the full ADE20K data set, whose classes are not those of the benchmark and whose labels lie beside their photos.
 *
 * @param from - the folder or archive.
 * @param files - what lies in it, as paths from there.
 * @returns what an error says of it; undefined where it is not that data set.
 *
 * @example
 * ```ts
 * import { explainFullAde20k } from "@seg/ade20k-data";
 *
 * console.log(explainFullAde20k("ADE20K_2021_17_01", [])?.but); // ADE20K_2021_17_01 is the full ADE20K data set, whose classes are others
 * console.log(explainFullAde20k("ADEChallengeData2016", ["images/training/ADE_train_00000001.jpg"])); // undefined
 * ```
 */
export function explainFullAde20k(from: string, files: readonly string[]): Explanation | undefined {
  const found = [basename(from), ...files].find(tellsFullAde20k);
  if (found === undefined) return undefined;
  const but = found === basename(from) ? `${from} is` : `${from} holds ${basename(found)}:`;
  return {
    expected: "photos and labels of the scene-parsing benchmark, or of your own,",
    but: `${but} the full ADE20K data set, whose classes are others`,
    hint: FULL_ADE20K_HINT,
  };
}

/** @throws {DataError} `bad-list` for the folder of the full data set. */
export function refuseFullAde20k(folder: string, files: readonly string[]): void {
  const explanation = explainFullAde20k(folder, files);
  if (explanation) throw new DataError("bad-list", explanation, { data: { file: folder } });
}
