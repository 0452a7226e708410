import { ADE20K_CLASSES, distinctColors, readClasses, readyClasses, type SegClass } from "@seg/ade20k-data";
import type { Config } from "../config/schema.ts";
import { PipelineError } from "../errors.ts";

/**
 * Names and colours of the configuration's classes: from the file `DATASET.classes`, else those that `DATASET.label_map` names, else
 * ADE20K's where there are 150, else numbers.
 *
 * @throws {PipelineError} `config` if the file does not name as many classes as `DATASET.num_class`.
 * @throws {DataError} if the file cannot be read.
 */
export async function classSet({
  DATASET: { classes: file, num_class: count, label_map },
}: Config): Promise<readonly SegClass[]> {
  if (file) {
    const classes = await readClasses(file);
    if (classes.length === count) return classes;
    throw new PipelineError(
      "config",
      {
        expected: `${count} classes (DATASET.num_class) in ${file}`,
        received: String(classes.length),
        hint: "correct one of the two",
      },
      { data: { key: "DATASET.num_class", file, expected: count, received: classes.length } },
    );
  }
  const named = readyClasses(label_map);
  if (named?.length === count) return named;
  if (count === ADE20K_CLASSES.length) return ADE20K_CLASSES;
  return distinctColors(count).map((color, index) => ({
    index,
    name: `class ${index + 1}`,
    names: [`class ${index + 1}`],
    color,
  }));
}
