import type { Group } from "@seg/collectives/single";

/** What is known of the values of each channel. */
export interface Statistics {
  /** How many values a channel has. */
  count: number;
  /** `[channels]`. */
  mean: Float64Array;
  /** Sum of the squared distances from the mean, `[channels]`. */
  centredSquares: Float64Array;
}

// A float32 holds whole numbers up to here; the count travels as two of them.
const LARGEST = 2 ** 24;

/**
 * The statistics of all replicas' values together, from those of each: one all-gather. Each weighs as many as it counts, and the
 * merge runs in rank order and float64, so that all ranks hold the same bits.
 *
 * @param local - This replica's; the count may be 0.
 * @see Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances, 1979.
 */
export function mergeStatistics(group: Group, local: Statistics): Statistics {
  const channels = local.mean.length;
  const length = 2 + 2 * channels;
  const message = new Float32Array(length);
  message[0] = Math.floor(local.count / LARGEST);
  message[1] = local.count % LARGEST;
  message.set(local.mean, 2);
  message.set(local.centredSquares, 2 + channels);
  const gathered = group.allGather(message);

  const merged = { count: 0, mean: new Float64Array(channels), centredSquares: new Float64Array(channels) };
  for (let start = 0; start < gathered.length; start += length) {
    const count = gathered[start]! * LARGEST + gathered[start + 1]!;
    if (count === 0) continue;
    const share = count / (merged.count + count);
    for (let c = 0; c < channels; c++) {
      const distance = gathered[start + 2 + c]! - merged.mean[c]!;
      merged.mean[c]! += distance * share;
      merged.centredSquares[c]! += gathered[start + 2 + channels + c]! + distance ** 2 * merged.count * share;
    }
    merged.count += count;
  }
  return merged;
}
