import { type Augmentation, type AugmentOptions, drawAugmentation } from "./augmentation.ts";
import { type ClassSampling, drawOfClass } from "./class-sampling.ts";
import type { OdgtRecord } from "./odgt.ts";
import { VALIDATION_SIZES } from "./validation-scales.ts";

/** Gives numbers in `[0, 1)`, as `Math.random` does. */
export type RandomNumbers = () => number;

/** What is drawn at random for a batch. */
export interface BatchPlan {
  /** The photos, all upright or all not. */
  records: OdgtRecord[];
  /** The short side, in pixels, that all of them get. */
  shortSide: number;
  /** Whether each of them is mirrored. */
  flips: boolean[];
  /** What else happens to each of them; undefined: nothing. */
  augmentations?: Augmentation[];
}

/** What batches are drawn from. */
export interface PlanOptions extends AugmentOptions {
  /** Photos in a batch (`TRAIN.batch_size_per_gpu`). */
  batchSize: number;
  /** Short sides in pixels (`DATASET.imgSizes`); default {@link VALIDATION_SIZES}. */
  sizes?: readonly number[];
  /** Whether half of the photos are mirrored (`DATASET.random_flip`); default true. */
  randomFlip?: boolean;
  /** Draws photos by their classes, as {@link classSampling} says, in place of showing each once before any comes again. */
  classSampling?: ClassSampling;
}

/** A photo that waits for its batch. */
interface Waiting {
  record: OdgtRecord;
  /** The class for which it was drawn. */
  wantedClass?: number;
}

/**
 * Batches without end, by the rules of the original's `TrainDataset`: the list is shuffled, and again whenever it is used up, or photos
 * are drawn by class; a photo waits with those that are as upright as it (higher than wide, or not) until there are enough for a batch.
 */
export function* planBatches(
  records: readonly OdgtRecord[],
  options: PlanOptions,
  random: RandomNumbers,
): Generator<BatchPlan, never, undefined> {
  const { batchSize, sizes = VALIDATION_SIZES, randomFlip = true, classSampling } = options;
  const isAugmented = AUGMENTING.some((name) => options[name] !== undefined);
  const upright: Waiting[] = [];
  const others: Waiting[] = [];
  const photos = classSampling ? byClass(records, classSampling, random) : inTurn(records, random);
  for (;;) {
    const photo = photos.next().value;
    const queue = photo.record.height > photo.record.width ? upright : others;
    queue.push(photo);
    if (queue.length < batchSize) continue;
    const shortSide = sizes[below(sizes.length, random)]!;
    const flips = queue.map(() => randomFlip && below(2, random) === 1);
    const drawn = isAugmented && {
      augmentations: queue.map(({ wantedClass }) => drawAugmentation(options, random, wantedClass)),
    };
    yield { records: queue.splice(0).map(({ record }) => record), shortSide, flips, ...drawn };
  }
}

const AUGMENTING = ["randomScale", "cropSize", "colorJitter", "blur"] as const satisfies (keyof AugmentOptions)[];

const below = (n: number, random: RandomNumbers) => Math.floor(random() * n);

/** All photos in one order after another. */
function* inTurn(records: readonly OdgtRecord[], random: RandomNumbers): Generator<Waiting, never, undefined> {
  const order = [...records];
  for (;;) {
    // Fisher and Yates.
    for (let i = order.length - 1; i > 0; i--) {
      const j = below(i + 1, random);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (const record of order) yield { record };
  }
}

function* byClass(
  records: readonly OdgtRecord[],
  sampling: ClassSampling,
  random: RandomNumbers,
): Generator<Waiting, never, undefined> {
  for (;;) {
    const { wantedClass, index } = drawOfClass(sampling, random);
    yield { record: records[index]!, wantedClass };
  }
}
