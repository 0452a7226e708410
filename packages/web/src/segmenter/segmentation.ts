import type { SegClass } from "@seg/ade20k-data";
import { probabilityRows } from "@seg/layers/labels";
import { type Segmentation, segmentationOf } from "@seg/segmenter/segmentation";
import type { Found } from "./messages.ts";

/** Milliseconds that a photo took. */
export interface Times {
  /** To have and decode it. */
  decode: number;
  /** In the network, all scales together. */
  network: number;
  /** To make labels of its scores. */
  labels: number;
}

/** What a photo shows: as `@seg/pipeline` tells it in Node, and how long it took. */
export interface WebSegmentation extends Segmentation {
  /** Milliseconds of its parts. */
  times: Times;
}

/** What the worker found, as the page has it. */
export function segmentationOfFound(
  { image, labels, maps, times }: Found,
  classes: readonly SegClass[],
): WebSegmentation {
  const { width, height } = image;
  const scores = maps && {
    shape: [height, width, maps[0]!.classes] as const,
    rows: () => probabilityRows(maps, [height, width]),
  };
  return Object.assign(segmentationOf(image, { labels, width, height }, classes, scores), { times });
}
