import pMap from "p-map";
import { refuseUnknown } from "./errors.ts";
import type { OdgtRecord } from "./odgt.ts";
import { readLabel } from "./read-label.ts";
import { labelOf } from "./train-batch.ts";

/** What is counted, and who is told. */
export interface CountOptions {
  /** How many classes there are. */
  numClasses: number;
  /** Told after each label: how many are read, of how many. */
  onProgress?: (done: number, total: number) => void;
  /** Stops the counting; its reason is thrown. */
  signal?: AbortSignal;
}

const OPTIONS = ["numClasses", "onProgress", "signal"] satisfies (keyof CountOptions)[];

/**
 * Reads all labels and counts each class's pixels in each of them; unlabelled ones are not counted.
 *
 * @returns for each record `numClasses` counts, in the records' order.
 * @throws {DataError} what {@link readLabel} throws; `bad-list` if a record names no label; `option`. The signal's reason.
 */
export async function countClasses(records: readonly OdgtRecord[], options: CountOptions): Promise<Uint32Array[]> {
  refuseUnknown(options, OPTIONS, "the options of countClasses");
  const { numClasses, onProgress, signal } = options;
  let done = 0;
  const count = async (record: OdgtRecord) => {
    signal?.throwIfAborted();
    const { width, height } = record;
    const { labels } = await readLabel(labelOf(record), { numClasses, width, height });
    const pixels = new Uint32Array(numClasses);
    for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0) pixels[labels[i]!]! += 1;
    onProgress?.(++done, records.length);
    return pixels;
  };
  // Decoding keeps several threads busy.
  return pMap(records, count, { concurrency: 8 });
}
