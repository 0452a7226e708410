import { join } from "node:path";
import { type ClassShare, classMask, type LabelMap, writeMaskPng } from "@seg/ade20k-data";
import { writeFolderAtomic } from "@seg/node";

/**
 * Writes a mask for each class that a photo shows, 255 where it is and 0 elsewhere, into a folder that holds nothing else: those of an
 * earlier run go.
 *
 * @returns the files, in the classes' order.
 * @throws {FileError} `unwritable`.
 */
export async function writeMasks(folder: string, map: LabelMap, classes: readonly ClassShare[]): Promise<string[]> {
  await writeFolderAtomic(folder, async (draft) => {
    for (const shown of classes) await writeMaskPng(join(draft, maskName(shown)), classMask(map, shown.index));
  });
  return classes.map((shown) => join(folder, maskName(shown)));
}

/** The label value, which makes it unique, and the name, as far as every system takes it: `003_sky.png`. */
function maskName({ index, name }: ClassShare): string {
  const plain = name.normalize("NFC").replace(/[^\p{L}\p{M}\p{N}-]+/gu, "_");
  // 255 bytes is what file systems allow.
  return `${String(index + 1).padStart(3, "0")}_${Array.from(plain).slice(0, 50).join("")}.png`;
}
