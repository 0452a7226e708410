import { basename, isAbsolute, join, parse, relative, sep } from "node:path";
import pMap from "p-map";
import { DataError, refuseUnknown } from "./errors.ts";
import { refuseFullAde20k } from "./full-ade20k.ts";
import { readImageHeader } from "./image-header.ts";
import { labelsAmong, partners, spellingOf } from "./label-names.ts";
import { type FoundImages, findImages, type LeftOut, leftOutFor } from "./list-images.ts";
import type { OdgtRecord } from "./odgt.ts";
import { readBytes } from "./read-bytes.ts";

/** How {@link pairImages} works. */
export interface PairImagesOptions {
  /** What label files' names have behind their photos': `_mask`. Unless given, usual ones are known where no label has its photo's name. */
  labelSuffix?: string | undefined;
  /** Told what was left out and why, photos without a label among it; without it, a photo without a label is an error. */
  onLeftOut?: ((leftOut: LeftOut[]) => void) | undefined;
  /** Keep photos whose headers cannot be read, with a size of 0×0, for a check that is to list them all; without it, the first one is thrown. */
  keepUnreadable?: boolean | undefined;
  /** Told how many photos are done, of how many. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops it. */
  signal?: AbortSignal | undefined;
}

const OPTIONS = [
  "labelSuffix",
  "onLeftOut",
  "keepUnreadable",
  "onProgress",
  "signal",
] satisfies (keyof PairImagesOptions)[];

/**
 * Makes the records of a data set whose labels lie in a folder under their photos' names: `images/a/b.jpg` belongs to
 * `annotations/a/b.png`. Letter case, extensions and the two ways of writing accents do not count; a label may have a suffix. Both may lie
 * in one folder. Sizes are read from the photos' headers, EXIF rotation applied.
 *
 * @param images - the folder of photos; its subfolders count.
 * @param labels - the folder of labels.
 * @returns a record for each photo that has a label, sorted by path.
 * @throws {DataError} `not-found` if no photo has a label, or one has none and `onLeftOut` is not given; `bad-list` if a photo has several, or for the
 *   full ADE20K data set's folder; `option`; what {@link findImages} and the photos' headers give.
 *
 * @example
 * ```ts
 * import { mkdir } from "node:fs/promises";
 * import { ADE20K_CLASSES, blankImage, pairImages, writeImage, writeLabelPng } from "@seg/ade20k-data";
 *
 * for (const folder of ["own/images", "own/labels"]) await mkdir(folder, { recursive: true });
 * await writeImage("own/images/sea.jpg", blankImage(3, 2));
 * await writeLabelPng("own/labels/sea.png", { labels: new Uint8Array(6), width: 3, height: 2 }, ADE20K_CLASSES);
 * const [record] = await pairImages("own/images", "own/labels");
 * console.log(record?.labelPath?.endsWith("sea.png"), record?.width, record?.height); // true 3 2
 * ```
 */
export async function pairImages(
  images: string,
  labels: string,
  options: PairImagesOptions = {},
): Promise<OdgtRecord[]> {
  refuseUnknown(options, OPTIONS, "the options of pairImages");
  const { labelSuffix, onLeftOut, keepUnreadable, onProgress, signal } = options;
  const [photos, found] = [await findImages(images), await findLabels(labels)];
  refuseFullAde20k(
    images,
    photos.images.map((photo) => relative(images, photo)),
  );
  // One of the folders may lie in the other.
  const candidates = found.images.filter((file) => !isBelow(file, images, labels));
  const partnerOf = partners(candidates, labels, labelSuffix);
  const shared = isSame(images, labels) ? labelsAmong(photos.images, images, labelSuffix) : new Set<string>();
  let pairs: { imagePath: string; labelPath: string }[] = [];
  const alone: string[] = [];
  for (const imagePath of photos.images) {
    if (isBelow(imagePath, labels, images) || shared.has(imagePath)) continue;
    const labelPath = partnerOf(imagePath, images);
    if (labelPath === undefined) alone.push(imagePath);
    else pairs.push({ imagePath, labelPath });
  }
  const robbed = new Set(takenTwice(pairs, images, labels));
  for (const photo of robbed) alone.push(photo);
  if (robbed.size > 0) {
    pairs = pairs.filter(({ imagePath }) => !robbed.has(imagePath));
    alone.sort();
  }
  if (pairs.length === 0 || (alone.length > 0 && !onLeftOut)) {
    throw withoutLabel(alone, photos.images.length, { images, labels, example: candidates[0] });
  }
  const taken = new Set([...alone, ...pairs.flatMap(({ imagePath, labelPath }) => [imagePath, labelPath])]);
  const unused = candidates.filter((file) => !taken.has(file));
  const unread = isSame(images, labels) ? photos.leftOut : [...photos.leftOut, ...found.leftOut];
  onLeftOut?.([
    ...leftOutFor(alone.map((file) => ({ file, reason: "photos without a label" }))),
    ...leftOutFor(unused.map((file) => ({ file, reason: "labels without a photo" }))),
    ...unread,
  ]);
  let done = 0;
  const measure = async ({ imagePath, labelPath }: (typeof pairs)[number]): Promise<OdgtRecord> => {
    signal?.throwIfAborted();
    const { width, height } = await readImageHeader(await readBytes(imagePath), imagePath).catch((error) => {
      if (keepUnreadable && error instanceof DataError) return { width: 0, height: 0 };
      throw error;
    });
    done++;
    onProgress?.(done, pairs.length);
    return { imagePath, labelPath, width, height };
  };
  return pMap(pairs, measure, { concurrency: 8 });
}

/**
 * The photos that are to go without a label that belongs to another one by its very name.
 *
 * @throws {DataError} `bad-list` if a label belongs to several alike.
 */
function takenTwice(
  pairs: readonly { imagePath: string; labelPath: string }[],
  images: string,
  labels: string,
): string[] {
  const photosOf = new Map<string, string[]>();
  for (const { imagePath, labelPath } of pairs) {
    const photos = photosOf.get(labelPath);
    if (photos) photos.push(imagePath);
    else photosOf.set(labelPath, [imagePath]);
  }
  return [...photosOf].flatMap(([labelPath, photos]) => {
    if (photos.length === 1) return [];
    const name = spellingOf(labelPath, labels);
    const owners = photos.filter((photo) => spellingOf(photo, images) === name);
    if (owners.length === 1) return photos.filter((photo) => photo !== owners[0]);
    throw new DataError(
      "bad-list",
      {
        expected: `one photo for the label ${labelPath}`,
        received: `${photos.length}, ${photos.map((photo) => basename(photo)).join(" and ")}`,
        hint: "give each a label of its own name, or move the others away",
      },
      { data: { file: labelPath } },
    );
  });
}

async function findLabels(folder: string): Promise<FoundImages> {
  return findImages(folder).catch((error) => {
    // That there are none, the photos without a label tell better.
    if (error instanceof DataError && error.code === "no-images") return { images: [], leftOut: [], others: 0 };
    throw error;
  });
}

const isSame = (a: string, b: string) => relative(a, b) === "";

/** Whether a file lies in a folder that is itself within another one. */
function isBelow(file: string, inner: string, outer: string): boolean {
  const contains = (folder: string, path: string) => {
    const way = relative(folder, path);
    return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  return contains(outer, inner) && contains(inner, file);
}

function withoutLabel(
  alone: readonly string[],
  photos: number,
  { images, labels, example }: { images: string; labels: string; example: string | undefined },
): DataError {
  const [first] = alone;
  const { dir, name } = parse(relative(images, first ?? "photo"));
  const labelPath = join(labels, dir, `${name}.png`);
  const more = alone.length > 1 ? `, nor are there labels of ${alone.length - 1} more of ${photos} photos` : "";
  const called = example === undefined ? "" : ` (labels there are called such as ${basename(example)})`;
  return new DataError(
    "not-found",
    {
      expected: `the label of ${first} in ${labelPath}`,
      but: `there is none${more}${called}`,
      hint: "put it there, leave the photo out, or say what labels' names end in (--label-suffix)",
    },
    { data: { file: labelPath } },
  );
}
