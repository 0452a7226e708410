import type { SegClass } from "./classes.ts";
import { parseClasses } from "./parse-classes.ts";
import { readText } from "./read-bytes.ts";

/**
 * Reads a data set's own classes, in the order of their label values 1, 2, …
 *
 * - `.json`, `.yaml`: an array of names, or of objects `{"name": "sky", "color": [70, 130, 180]}`;
 * - `.csv`, `.tsv`: a header line with a column `name` and, if wanted, `color` (`#4682b4`) or `r`, `g`, `b`; the benchmark's own
 *   `object150_info.csv` is understood too, and `class` or `label` in place of `name`;
 * - `.txt`: a name a line, or CVAT's `labelmap.txt`.
 *
 * Several names of one class are joined by `;`. A class without a colour gets one that is easy to tell from the others. Labels have 8 bits, so
 * there are at most 255 classes; the file has at most 1 MB.
 *
 * @throws {DataError} `bad-classes`, naming the file and the line (of JSON: the entry), or `not-found`, `unreadable`.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { readClasses } from "@seg/ade20k-data";
 *
 * await writeFile("classes.json", '[{"name": "sky", "color": [70, 130, 180]}, "road"]');
 * const [sky, road] = await readClasses("classes.json");
 * console.log(sky?.index, sky?.name, sky?.color); // 0 sky [ 70, 130, 180 ]
 * console.log(road?.index, road?.name); // 1 road
 * ```
 */
export async function readClasses(path: string): Promise<SegClass[]> {
  return parseClasses(path, await readText(path));
}
