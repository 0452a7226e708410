import {
  type ClassShare,
  classMask,
  classShares,
  encodeLabelPng,
  encodeMaskPng,
  encodePng,
  legend,
  overlay,
  type RgbImage,
  type SegClass,
} from "@seg/ade20k-data";
import type { Result, Task } from "./messages.ts";

/** The legend of no class. */
const BLANK: RgbImage = { width: 1, height: 1, data: Uint8Array.of(255, 255, 255) };

/** What was found in a photo. */
export interface Found {
  labels: Uint8Array | Int32Array;
  width: number;
  height: number;
  image: RgbImage;
}

/**
 * What is wanted of a photo: its classes, and a picture as PNG.
 *
 * @throws {DataError} `option` for pictures of labels of more than 255 classes.
 */
export async function render(found: Found, all: readonly SegClass[], task: Task): Promise<Result> {
  const { width, height } = found;
  const map = { width, height, labels: only(found.labels, task.classes) };
  const classes = classShares(map, all);
  const facts = { width, height, classes };
  const png = await pictureOf(task, { map, classes, all, image: found.image });
  return png ? { facts, png } : { facts };
}

/** Labels of which only some classes are left; the others' pixels become −1, unlabeled. */
function only(labels: Found["labels"], classes: Task["classes"]): Found["labels"] | Int16Array {
  if (!classes) return labels;
  const kept = new Set(classes);
  return Int16Array.from(labels, (label) => (kept.has(label) ? label : -1));
}

interface Drawn {
  map: { labels: Found["labels"] | Int16Array; width: number; height: number };
  classes: readonly ClassShare[];
  all: readonly SegClass[];
  image: RgbImage;
}

async function pictureOf(
  { picture, mask, alpha }: Task,
  { map, classes, all, image }: Drawn,
): Promise<Uint8Array | undefined> {
  if (mask !== undefined) return encodeMaskPng(classMask(map, mask));
  if (picture === "labels") return encodeLabelPng(map, all);
  if (picture === "legend") return encodePng(classes.length > 0 ? legend(classes) : BLANK);
  if (picture === "overlay") return encodePng(overlay(image, map, all, alpha));
  return undefined;
}
