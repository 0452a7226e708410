import { existsSync } from "node:fs";
import { join, parse, relative } from "node:path";
import pMap from "p-map";
import { DataError, refuseUnknown } from "./errors.ts";
import { refuseFullAde20k } from "./full-ade20k.ts";
import { readImageHeader } from "./image-header.ts";
import { listImages } from "./list-images.ts";
import type { OdgtRecord } from "./odgt.ts";
import { readBytes } from "./read-bytes.ts";

/**
 * Makes the records of a data set whose labels lie in a folder of their own under their photos' names: `images/a/b.jpg` belongs to
 * `annotations/a/b.png`. Sizes are read from the photos' headers.
 *
 * @param images - the folder of photos; its subfolders count.
 * @param labels - the folder of labels.
 * @param options - `onProgress` is told how many photos are done, of how many; `signal` stops it.
 * @returns a record for each photo, sorted by path.
 * @throws {DataError} `not-found` if a photo has no label; `bad-list` for the full ADE20K data set's folder; `option`; what {@link listImages} and the photos' headers give.
 */
export async function pairImages(
  images: string,
  labels: string,
  options: { onProgress?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<OdgtRecord[]> {
  refuseUnknown(options, ["onProgress", "signal"], "the options of pairImages");
  const { onProgress, signal } = options;
  const photos = await listImages(images);
  refuseFullAde20k(
    images,
    photos.map((photo) => relative(images, photo)),
  );
  let done = 0;
  const pair = async (imagePath: string): Promise<OdgtRecord> => {
    signal?.throwIfAborted();
    const { dir, name } = parse(relative(images, imagePath));
    const labelPath = join(labels, dir, `${name}.png`);
    if (!existsSync(labelPath)) {
      throw new DataError(
        "not-found",
        {
          expected: `the label of ${imagePath} in ${labelPath}`,
          but: "there is none",
          hint: "put it there or leave the photo out",
        },
        { data: { file: labelPath } },
      );
    }
    const { width, height } = await readImageHeader(await readBytes(imagePath), imagePath);
    done++;
    onProgress?.(done, photos.length);
    return { imagePath, labelPath, width, height };
  };
  return pMap(photos, pair, { concurrency: 8 });
}
