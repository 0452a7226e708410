import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "./errors.ts";
import { readingError } from "./read-bytes.ts";

const EXTENSION = /\.(jpe?g|png|webp|avif|tiff?)$/i;

/**
 * The images at a path: the file itself, whatever its name, or every jpg, jpeg, png, webp, avif, tif and tiff file in the folder
 * and its subfolders, sorted by path. Hidden files and folders are skipped; links are followed, each folder once.
 *
 * @throws {DataError} `not-found`, `unreadable`, or `no-images` for a folder that holds none.
 */
export async function listImages(path: string): Promise<string[]> {
  const found: string[] = [];
  const visited = new Set<string>();

  const visit = async (folder: string): Promise<void> => {
    const real = await realpath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const full = join(folder, entry.name);
      // A link that leads nowhere counts as a file: decoding it reports it by name.
      const target = entry.isSymbolicLink() ? await stat(full).catch(() => entry) : entry;
      if (target.isDirectory()) await visit(full);
      else if (EXTENSION.test(entry.name)) found.push(full);
    }
  };

  try {
    if (!(await stat(path)).isDirectory()) return [path];
    await visit(path);
  } catch (error) {
    throw readingError(path, error as NodeJS.ErrnoException);
  }
  if (found.length === 0) {
    throw new DataError(
      "no-images",
      {
        expected: `images (jpg, jpeg, png, webp, avif, tif, tiff) in ${path}`,
        but: "found none",
        hint: "name a folder that holds some",
      },
      { data: { file: path } },
    );
  }
  return found.sort((a, b) => (a < b ? -1 : 1));
}
