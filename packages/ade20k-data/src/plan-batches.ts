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
}

/** What batches are drawn from. */
export interface PlanOptions {
  /** Photos in a batch (`TRAIN.batch_size_per_gpu`). */
  batchSize: number;
  /** Short sides in pixels (`DATASET.imgSizes`); default {@link VALIDATION_SIZES}. */
  sizes?: readonly number[];
  /** Whether half of the photos are mirrored (`DATASET.random_flip`); default true. */
  randomFlip?: boolean;
}

/**
 * Batches without end, by the rules of the original's `TrainDataset`: the list is shuffled, and again whenever it is used up; a photo
 * waits with those that are as upright as it (higher than wide, or not) until there are enough for a batch.
 */
export function* planBatches(
  records: readonly OdgtRecord[],
  { batchSize, sizes = VALIDATION_SIZES, randomFlip = true }: PlanOptions,
  random: RandomNumbers,
): Generator<BatchPlan, never, undefined> {
  const below = (n: number) => Math.floor(random() * n);
  const order = [...records];
  const upright: OdgtRecord[] = [];
  const others: OdgtRecord[] = [];
  for (;;) {
    // Fisher and Yates.
    for (let i = order.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (const record of order) {
      const queue = record.height > record.width ? upright : others;
      queue.push(record);
      if (queue.length < batchSize) continue;
      const shortSide = sizes[below(sizes.length)]!;
      const flips = queue.map(() => randomFlip && below(2) === 1);
      yield { records: queue.splice(0), shortSide, flips };
    }
  }
}
