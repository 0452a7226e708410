import {
  blankImage,
  type Color,
  colorize,
  drawText,
  fitText,
  type LabelMap,
  type LegendRow,
  legend,
  paste,
  type RgbImage,
  type SegClass,
  TEXT_HEIGHT,
  textWidth,
} from "@seg/ade20k-data";
import { ConfusionMatrix, computeScores, type Scores } from "@seg/metrics";
import { viewedLabels, viewedPhoto } from "./at-viewing-size.ts";

// In pixels at scale 1.
const GAP = 10;
const LINE = TEXT_HEIGHT + 6;
/** Longest side of a photo at which letters have scale 1. */
const PLAIN_SIDE = 400;
const WRONG: Color = [215, 25, 28];
const UNLABELED: Color = [0, 0, 0];

/** What {@link evaluationPicture} shows. */
export interface EvaluatedPhoto {
  /** What the photo is called. */
  name: string;
  photo: RgbImage;
  /** Labels of the photo's size. */
  truth: LabelMap;
  /** Labels of the photo's size. */
  prediction: LabelMap;
  /** Names and colours of the labels. */
  classes: readonly SegClass[];
}

/**
 * A picture of how well a photo was segmented: photo, truth, prediction and where it is wrong in a row, each with its caption; above them the
 * photo's name and scores, below them a legend with each class's IoU. Photos are shown at up to 1280 pixels a side, small ones enlarged.
 *
 * @returns a new image, on white.
 */
export function evaluationPicture({ name, photo, truth, prediction, classes }: EvaluatedPhoto): RgbImage {
  const scores = computeScores(new ConfusionMatrix(classes.length).add(prediction.labels, truth.labels));
  const shown = { photo: viewedPhoto(photo), truth: viewedLabels(truth), prediction: viewedLabels(prediction) };
  const scale = Math.max(1, Math.max(shown.photo.width, shown.photo.height) / PLAIN_SIDE);
  const px = (length: number) => Math.round(length * scale);
  const panels: [caption: string, picture: RgbImage][] = [
    ["photo", shown.photo],
    ["truth", colorize(shown.truth, classes)],
    ["prediction", colorize(shown.prediction, classes)],
    [`wrong: ${percent(scores.pixels > 0 ? 1 - scores.pixelAccuracy : 0)}`, whereWrong(shown)],
  ];

  const { height } = shown.photo;
  const column = Math.max(shown.photo.width, ...panels.map(([caption]) => textWidth(caption, scale)));
  const width = panels.length * (column + px(GAP)) + px(GAP);
  const key = legend(legendRows(scores, truth, classes), { scale, width });
  const top = px(GAP) + 2 * px(LINE);
  const image = blankImage(Math.max(width, key.width), top + height + px(GAP) + key.height);
  heading(name, scores, { width: width - 2 * px(GAP), scale }, (line, left) =>
    drawText(image, line, px(GAP) + left, px(GAP), scale),
  );
  panels.forEach(([caption, picture], i) => {
    const left = px(GAP) + i * (column + px(GAP));
    drawText(image, caption, left, top - px(LINE), scale);
    paste(image, picture, left, top);
  });
  paste(image, key, 0, top + height + px(GAP));
  return image;
}

/** Draws the scores, and before them as much of the name as there is room for. */
function heading(
  name: string,
  { pixels, pixelAccuracy, meanIouPresent }: Scores,
  { width, scale }: { width: number; scale: number },
  draw: (line: string, left: number) => void,
): void {
  const told =
    pixels === 0
      ? "no labelled pixels"
      : `pixel accuracy ${percent(pixelAccuracy)}, mean IoU of its classes ${meanIouPresent.toFixed(4)}`;
  const gap = textWidth("    ", scale);
  const room = width - textWidth(told, scale) - gap;
  const fitted = fitText(name, room, { scale, keepEnd: true });
  draw(fitted, 0);
  draw(told, fitted ? textWidth(fitted, scale) + gap : 0);
}

/** The classes in truth or prediction, those with most true pixels first. */
function legendRows(scores: Scores, truth: LabelMap, classes: readonly SegClass[]): LegendRow[] {
  const present = scores.classes
    .filter(({ union }) => union > 0)
    .sort((a, b) => b.truePixels - a.truePixels || b.predictedPixels - a.predictedPixels)
    .map(({ index, iou }) => {
      const { name, color } = classes[index]!;
      return { name, color, note: `IoU ${iou.toFixed(2)}` };
    });
  const hasUnlabeled = truth.labels.some((label: number) => label < 0);
  return [
    ...present,
    ...(hasUnlabeled ? [{ name: "unlabeled", color: UNLABELED }] : []),
    { name: "wrong", color: WRONG },
  ];
}

/** The photo, pale and grey; wrong pixels red, those without a true label black. */
function whereWrong({
  photo,
  truth,
  prediction,
}: Record<"truth" | "prediction", LabelMap> & { photo: RgbImage }): RgbImage {
  const image = blankImage(photo.width, photo.height);
  const { data } = photo;
  for (let i = 0, at = 0; i < truth.labels.length; i++, at += 3) {
    const label = truth.labels[i]!;
    const isRight = label === prediction.labels[i];
    const pale = 150 + 0.4 * (0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!);
    for (let c = 0; c < 3; c++) image.data[at + c] = label < 0 ? UNLABELED[c]! : isRight ? pale : WRONG[c]!;
  }
  return image;
}

const percent = (share: number) => `${(share * 100).toFixed(2)}%`;
