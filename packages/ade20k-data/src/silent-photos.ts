import pMap from "p-map";
import { readImageHeader } from "./image-header.ts";
import type { OdgtRecord } from "./odgt.ts";
import { isSizeSilent } from "./orientation.ts";
import { readBytes } from "./read-bytes.ts";

/**
 * The photos that EXIF turns or mirrors without changing their size: on which of the two their labels were drawn, labels' sizes do not
 * tell. Only the photos' headers are looked at.
 *
 * @throws {DataError} what is wrong with a photo. The signal's reason.
 */
export async function silentPhotos(
  records: readonly Pick<OdgtRecord, "imagePath">[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const silent: string[] = [];
  const look = async ({ imagePath }: Pick<OdgtRecord, "imagePath">) => {
    signal?.throwIfAborted();
    if (isSizeSilent(await readImageHeader(await readBytes(imagePath), imagePath))) silent.push(imagePath);
  };
  await pMap(records, look, { concurrency: 8 });
  return silent.sort();
}
