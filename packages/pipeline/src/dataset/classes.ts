import { readClasses, type SegClass } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { classSet as classesOf } from "@seg/segmenter/segmentation";

/**
 * Names and colours of the configuration's classes: from the file `DATASET.classes`, else those that `DATASET.label_map` names, else
 * ADE20K's where there are 150, else numbers.
 *
 * @throws {PipelineError} `config` if the file does not name as many classes as `DATASET.num_class`.
 * @throws {DataError} if the file cannot be read.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { loadConfig } from "@seg/pipeline/config";
 * import { classSet } from "@seg/pipeline/dataset";
 *
 * console.log((await classSet(loadConfig().config))[2]?.name); // sky
 * await writeFile("classes.txt", "road\nnot road\n");
 * const { config } = loadConfig({ set: ["DATASET.classes=classes.txt", "DATASET.num_class=2"] });
 * console.log((await classSet(config)).map(({ name }) => name)); // [ 'road', 'not road' ]
 * ```
 */
export async function classSet(config: Config): Promise<readonly SegClass[]> {
  const { classes: file } = config.DATASET;
  return classesOf(config, file ? await readClasses(file) : undefined);
}
