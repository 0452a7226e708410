import { readClasses, type SegClass } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { classSet as classesOf } from "@seg/segmenter/segmentation";

/**
 * Names and colours of the configuration's classes: from the file `DATASET.classes`, else those that `DATASET.label_map` names, else
 * ADE20K's where there are 150, else numbers.
 *
 * @throws {PipelineError} `config` if the file does not name as many classes as `DATASET.num_class`.
 * @throws {DataError} if the file cannot be read.
 */
export async function classSet(config: Config): Promise<readonly SegClass[]> {
  const { classes: file } = config.DATASET;
  return classesOf(config, file ? await readClasses(file) : undefined);
}
