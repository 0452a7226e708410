import type { ColorChange } from "./color-jitter.ts";
import { badOption, refuseUnknown } from "./errors.ts";
import type { RandomNumbers } from "./plan-batches.ts";
import { checkWhole } from "./validation-scales.ts";

/** How far each colour may be changed, as torchvision's `ColorJitter` has it; what is left out or 0 stays as it is. */
export interface ColorJitter {
  /** Factors are drawn from `1 − brightness`, but at least 0, to `1 + brightness`. */
  brightness?: number;
  /** As `brightness`. */
  contrast?: number;
  /** As `brightness`. */
  saturation?: number;
  /** Shifts are drawn from −hue to hue, of a circle of 1; at most 0.5. */
  hue?: number;
}

/** What training photos and labels go through at random, besides their size and mirroring; all of it is off unless given. */
export interface AugmentOptions {
  /** Between which factors each photo's size is drawn, on top of the batch's short side (`DATASET.random_scale`). */
  randomScale?: readonly [least: number, most: number];
  /** The part of each photo that is taken, in pixels (`DATASET.crop_size`); a side that is shorter is taken whole. */
  cropSize?: readonly [height: number, width: number];
  /**
   * No class is to take this share of a crop's labelled pixels or more, if ten tries can help it (`DATASET.cat_max_ratio`); default 1: any.
   *
   * @see mmsegmentation's RandomCrop.
   */
  catMaxRatio?: number;
  /** Changes of colour, in an order drawn for each photo (`DATASET.jitter_brightness` and the others). */
  colorJitter?: ColorJitter;
  /** Which share of the photos is blurred, by a standard deviation drawn between two, in pixels (`DATASET.blur_prob`, `blur_sigma`). */
  blur?: { probability: number; sigma: readonly [least: number, most: number] };
}

/** What was drawn for a photo. */
export interface Augmentation {
  /** Factor of its size. */
  scale: number;
  /** Where crops may lie, as shares of the room there is to the left and above: the first that fits is taken, else the last. */
  crops: readonly (readonly [x: number, y: number])[];
  /** Changes of its colours, in order. */
  colors: readonly ColorChange[];
  /** Standard deviation of its blur; undefined: none. */
  blur: number | undefined;
  /** The class for which it was drawn, which its crop is to hold. */
  wantedClass: number | undefined;
}

// mmsegmentation's and DAFormer's number of tries.
const CROP_TRIES = 10;
const CHANNELS = ["brightness", "contrast", "saturation", "hue"] as const satisfies (keyof ColorJitter)[];

/**
 * Draws what happens to a photo. How many random numbers that takes depends on the options alone, and none where all is off, so that
 * batches can be skipped without looking at them.
 */
export function drawAugmentation(
  { randomScale, cropSize, catMaxRatio = 1, colorJitter = {}, blur }: AugmentOptions,
  random: RandomNumbers,
  wantedClass?: number,
): Augmentation {
  const between = ([least, most]: readonly [number, number]) => least + (most - least) * random();
  const scale = randomScale ? between(randomScale) : 1;
  const tries = catMaxRatio < 1 || wantedClass !== undefined ? CROP_TRIES + 1 : 1;
  const crops = Array.from({ length: cropSize ? tries : 0 }, () => [random(), random()] as const);
  const colors = CHANNELS.flatMap((of): ColorChange[] => {
    const most = colorJitter[of] ?? 0;
    if (most === 0) return [];
    return [{ of, by: between(of === "hue" ? [-most, most] : [Math.max(0, 1 - most), 1 + most]) }];
  });
  for (let i = colors.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [colors[i], colors[j]] = [colors[j]!, colors[i]!];
  }
  const [toss, sigma] = blur ? [random(), between(blur.sigma)] : [];
  return { scale, crops, colors, blur: blur && toss! < blur.probability ? sigma : undefined, wantedClass };
}

/** @throws {DataError} `option` for a value out of its range. */
export function checkAugmentOptions({ randomScale, cropSize, catMaxRatio, colorJitter, blur }: AugmentOptions): void {
  if (randomScale) checkRange("randomScale", randomScale);
  if (cropSize) checkWhole({ "cropSize[0]": cropSize[0], "cropSize[1]": cropSize[1] });
  if (catMaxRatio !== undefined) checkNumber("catMaxRatio", catMaxRatio, 0, 1);
  if (colorJitter) {
    refuseUnknown(colorJitter, CHANNELS, "the options of colorJitter");
    for (const of of CHANNELS) {
      checkNumber(`colorJitter.${of}`, colorJitter[of] ?? 0, 0, of === "hue" ? 0.5 : Number.MAX_VALUE);
    }
  }
  if (blur) {
    refuseUnknown(blur, ["probability", "sigma"], "the options of blur");
    checkNumber("blur.probability", blur.probability, 0, 1);
    checkRange("blur.sigma", blur.sigma);
  }
}

function checkRange(option: string, range: readonly [number, number]): void {
  const [least, most] = range;
  if (least > 0 && least <= most && Number.isFinite(most)) return;
  throw badOption(option, range, {
    expected: `${option} to be two numbers above 0, the smaller one first`,
    received: `${range}`,
  });
}

function checkNumber(option: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  const expected = most === Number.MAX_VALUE ? `a number of at least ${least}` : `a number from ${least} to ${most}`;
  throw badOption(option, value, { expected: `${option} to be ${expected}`, received: `${value}` });
}
