import { suggestion } from "@seg/errors";
import { presetNames } from "../config/presets.ts";
import { PipelineError } from "../errors.ts";

/** One line of the original's results table; scores in percent, as it prints them. */
export interface PublishedScores {
  meanIou: number;
  pixelAccuracy: number;
  /** Photos a second on one Titan Xp. */
  photosPerSecond: number;
}

/** A row of the table. */
export interface PublishedRow {
  singleScale: PublishedScores;
  multiScale: PublishedScores;
  /** What is to be known of its figures. */
  note?: string;
}

const scores = (meanIou: number, pixelAccuracy: number, photosPerSecond: number): PublishedScores => ({
  meanIou,
  pixelAccuracy,
  photosPerSecond,
});

/**
 * The original's results on ADE20K's 2,000 validation photos, by preset, in its own order.
 *
 * @see https://github.com/CSAILVision/semantic-segmentation-pytorch, its README's section on performance.
 */
export const PUBLISHED: Readonly<Record<string, PublishedRow>> = {
  "mobilenetv2dilated-c1_deepsup": {
    singleScale: scores(34.84, 75.75, 17.2),
    multiScale: scores(33.84, 76.8, 10.3),
    note: "the table of 2018 has a single-scale mIoU of 32.39, which agrees with the overall score beside it, 54.07; 34.84 does not",
  },
  "mobilenetv2dilated-ppm_deepsup": { singleScale: scores(35.76, 77.77, 14.9), multiScale: scores(36.28, 78.26, 6.7) },
  "resnet18dilated-c1_deepsup": { singleScale: scores(33.82, 76.05, 13.9), multiScale: scores(35.34, 77.41, 5.8) },
  "resnet18dilated-ppm_deepsup": { singleScale: scores(38.0, 78.64, 11.7), multiScale: scores(38.81, 79.29, 4.2) },
  "resnet50dilated-ppm_deepsup": { singleScale: scores(41.26, 79.73, 8.3), multiScale: scores(42.14, 80.13, 2.6) },
  "resnet101dilated-ppm_deepsup": { singleScale: scores(42.19, 80.59, 6.8), multiScale: scores(42.53, 80.91, 2.0) },
  "resnet50-upernet": { singleScale: scores(40.44, 79.8, 8.4), multiScale: scores(41.55, 80.23, 2.9) },
  "resnet101-upernet": { singleScale: scores(42.0, 80.79, 7.8), multiScale: scores(42.66, 81.01, 2.3) },
  "hrnetv2-c1": { singleScale: scores(42.03, 80.77, 5.8), multiScale: scores(43.2, 81.47, 1.9) },
};

/** How many photos the published scores are of. */
export const PUBLISHED_PHOTOS = 2000;

/**
 * The presets that `rows` name, each once, in the order given; all of the published table for none.
 *
 * @throws {PipelineError} `option` for a name that no preset has.
 */
export function tableRows(rows: readonly string[] = []): string[] {
  if (rows.length === 0) return Object.keys(PUBLISHED);
  const known = presetNames();
  // As the original calls its files.
  const names = rows.map((row) =>
    String(row)
      .replace(/^ade20k-/, "")
      .replace(/\.ya?ml$/, ""),
  );
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return [...new Set(names)];
  throw new PipelineError("option", `There is no row ${unknown}: ${suggestion(unknown, known)}`, {
    data: { option: "rows", received: unknown },
  });
}
