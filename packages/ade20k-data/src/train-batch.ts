import type { Augmentation, AugmentOptions } from "./augmentation.ts";
import { changeColors } from "./color-jitter.ts";
import { crop, cropWindow, isGoodCrop, type Window } from "./crop.ts";
import { gaussianBlur } from "./gaussian-blur.ts";
import type { RgbImage } from "./image.ts";
import type { PixelLimit } from "./image-limits.ts";
import type { LabelConvention } from "./label-convention.ts";
import type { LabelMap } from "./label-map.ts";
import { type InputFormat, normalizeInto } from "./normalize.ts";
import type { OdgtRecord } from "./odgt.ts";
import type { BatchPlan } from "./plan-batches.ts";
import { type Pair, readPair } from "./read-pair.ts";
import { resizeAntialiased } from "./resize-antialiased.ts";
import { nearestPositions } from "./resize-nearest.ts";
import { roundUp, unpaddedSize } from "./validation-scales.ts";

/** Photos and labels for one training step. */
export interface TrainBatch {
  /** `[batch, height, width, 3]`: normalized photos, each in the upper left corner; the rest is zero. */
  images: Float32Array;
  /**
   * `[batch, height / segmDownsamplingRate, width / segmDownsamplingRate]`: class indices from 0; −1 where a pixel is unlabeled or,
   * unless `padLabel` is `mit`, lies outside the photo.
   */
  labels: Int32Array;
  /** Height of all photos in pixels, a multiple of the padding constant. */
  height: number;
  /** Width of all photos in pixels, a multiple of the padding constant. */
  width: number;
  /** The photos' paths, as many as the batch holds. */
  files: string[];
}

/** How a batch is made. */
export interface BatchOptions extends Pick<AugmentOptions, "cropSize" | "catMaxRatio">, PixelLimit {
  /** The long side's limit (`DATASET.imgMaxSize`), which wins over the short side; default 1000. */
  maxSize?: number;
  /** Sides are padded to a multiple of this (`DATASET.padding_constant`); default 8. */
  paddingConstant?: number;
  /** Pixels of a photo's side for one of its label's (`DATASET.segm_downsampling_rate`), a divisor of `paddingConstant`; default 8. */
  segmDownsamplingRate?: number;
  /** What labels hold outside the photo: −1, or with `mit` class 0, as happens in the original (`DATASET.padLabel`); default `ignore`. */
  padLabel?: "ignore" | "mit";
  /** Default `rgb`. */
  inputFormat?: InputFormat;
  /** How many classes there are, if label values shall be checked. */
  numClasses?: number;
  /** What label values, or colours, mean; default ADE20K's convention. */
  convention?: LabelConvention;
}

/**
 * Makes a planned batch as the original does: each photo with its own scale, bilinear (Pillow's), in a canvas that holds the largest
 * one; labels by nearest neighbour to the photo's size, then downsampled from the centres of their cells, so that label and photo stay
 * aligned. Where a crop is wanted, it is taken of both at that size; colours and sharpness are changed last.
 *
 * @throws {DataError} naming the file: what {@link decodeImage} and {@link readLabel} throw, or `bad-size` if a photo has not the size
 *   that the list says.
 */
export async function makeBatch(
  { records, shortSide, flips, augmentations }: BatchPlan,
  options: BatchOptions,
): Promise<TrainBatch> {
  const { maxSize, paddingConstant = 8, segmDownsamplingRate: rate = 8 } = options;
  const { cropSize, catMaxRatio = 1, padLabel, inputFormat } = options;
  const readScaled = async (record: OdgtRecord, i: number): Promise<Pair> => {
    const pair = await readPair(record, options);
    // Lists may hold the sizes that photos have before EXIF turns them.
    const size = unpaddedSize(pair.photo, { shortSide, maxSize, name: record.imagePath });
    return scaled(pair, resized(size, augmentations?.[i]), flips[i]!);
  };
  const pairs = await Promise.all(records.map(readScaled));
  // All crops of a photo are of one size.
  const windows = pairs.map(({ photo }, i) => windowsOf(photo, cropSize, augmentations?.[i]));
  const height = roundUp(Math.max(...windows.map(([first]) => first!.height)), paddingConstant);
  const width = roundUp(Math.max(...windows.map(([first]) => first!.width)), paddingConstant);
  const images = new Float32Array(records.length * height * width * 3);
  const labels = new Int32Array((records.length * height * width) / rate ** 2).fill(padLabel === "mit" ? 0 : -1);
  pairs.forEach(({ photo, label }, i) => {
    const target = { data: part(labels, i, records.length), width: width / rate };
    const wantedClass = augmentations?.[i]?.wantedClass;
    const window = windows[i]!.find((window, n, { length }) => {
      downsample(target, label, window, rate);
      return n === length - 1 || isGoodCrop(labelsOf(target, window, rate), { catMaxRatio, wantedClass });
    })!;
    const cropped = crop(photo, window);
    const shown = augmentations ? changeLook(cropped, augmentations[i]!) : cropped;
    normalizeInto({ data: part(images, i, records.length), width }, shown, inputFormat);
  });
  return { images, labels, height, width, files: records.map(({ imagePath }) => imagePath) };
}

/** A photo and its label brought to a size: a batch holds none at its own, however large they are. */
function scaled({ photo, label }: Pair, size: Size, flip: boolean): Pair {
  // Mirrored before it is resized, because the other way round differs by 1/255 here and there.
  if (flip) mirror(photo);
  return { photo: resizeAntialiased(photo, size.width, size.height), label: resizeLabels(label, size, flip) };
}

function resizeLabels(label: Pair["label"], { width, height }: Size, flip: boolean): Pair["label"] {
  const columns = nearestPositions(label.width, width);
  if (flip) for (const [x, column] of columns.entries()) columns[x] = label.width - 1 - column;
  const labels = new Int16Array(width * height);
  nearestPositions(label.height, height).forEach((row, y) => {
    for (let x = 0; x < width; x++) labels[y * width + x] = label.labels[row * label.width + columns[x]!]!;
  });
  return { labels, width, height };
}

type Size = { width: number; height: number };

function resized({ width, height }: Size, { scale }: Pick<Augmentation, "scale"> = { scale: 1 }): Size {
  const scaled = (side: number) => Math.max(1, Math.trunc(side * scale));
  return { width: scaled(width), height: scaled(height) };
}

/** The parts of a photo to choose from, in order: all of it where it is not cropped. */
function windowsOf(size: Size, cropSize: BatchOptions["cropSize"], drawn?: Augmentation): Window[] {
  if (!cropSize || !drawn) return [{ x: 0, y: 0, ...size }];
  return drawn.crops.map((place) => cropWindow(size, cropSize, place));
}

function changeLook(photo: RgbImage, { colors, blur }: Augmentation): RgbImage {
  changeColors(photo, colors);
  return blur === undefined ? photo : gaussianBlur(photo, blur);
}

function mirror({ data, width, height }: RgbImage): void {
  for (let y = 0; y < height; y++) {
    for (let i = y * width * 3, j = i + (width - 1) * 3; i < j; i += 3, j -= 3) {
      for (let c = 0; c < 3; c++) [data[i + c], data[j + c]] = [data[j + c]!, data[i + c]!];
    }
  }
}

/** The share of the `i`th of `count` in a buffer, not copied. */
function part<T extends Float32Array | Int32Array>(buffer: T, i: number, count: number): T {
  const length = buffer.length / count;
  return buffer.subarray(i * length, (i + 1) * length) as T;
}

/**
 * Writes a window of a label, of which every `rate`th pixel is taken each way, into the upper left corner of a target. The last cells may begin inside the window and have their centre outside: they are unlabeled.
 */
function downsample(target: { data: Int32Array; width: number }, label: LabelMap, window: Window, rate: number): void {
  const columns = cells(window.x, window.width, rate);
  const rows = cells(window.y, window.height, rate);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      const inside = row >= 0 && column >= 0;
      target.data[y * target.width + x] = inside ? label.labels[row * label.width + column]! : -1;
    });
  });
}

/** For each cell of a part of a side, padded to whole cells: the pixel at its centre, or −1 in the padding. */
function cells(start: number, length: number, rate: number): Int32Array {
  const padded = roundUp(length, rate);
  return nearestPositions(padded, padded / rate).map((position) => (position < length ? start + position : -1));
}

/** The labels that {@link downsample} wrote. */
function* labelsOf(
  target: { data: Int32Array; width: number },
  { width, height }: Size,
  rate: number,
): Generator<number, void, undefined> {
  const columns = roundUp(width, rate) / rate;
  for (let start = 0; start < (roundUp(height, rate) / rate) * target.width; start += target.width) {
    yield* target.data.subarray(start, start + columns);
  }
}
