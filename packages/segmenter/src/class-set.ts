import { ADE20K_CLASSES, distinctColors, readyClasses, type SegClass } from "@seg/ade20k-data";
import type { Config } from "./config/schema.ts";
import { PipelineError } from "./errors.ts";

/**
 * Names and colours of the configuration's classes: those that the file `DATASET.classes` names, where there is one, else those that
 * `DATASET.label_map` names, else ADE20K's where there are 150, else numbers.
 *
 * @param named - what that file names, as `@seg/ade20k-data` reads it.
 * @throws {PipelineError} `config` if it does not name as many classes as `DATASET.num_class`.
 */
export function classSet(
  { DATASET: { classes: file, num_class: count, label_map } }: Config,
  named?: readonly SegClass[],
): readonly SegClass[] {
  if (named) {
    if (named.length === count) return named;
    throw new PipelineError(
      "config",
      {
        expected: `${count} classes (DATASET.num_class) in ${file}`,
        received: String(named.length),
        hint: "correct one of the two",
      },
      { data: { key: "DATASET.num_class", file, expected: count, received: named.length } },
    );
  }
  const ready = readyClasses(label_map);
  if (ready?.length === count) return ready;
  if (count === ADE20K_CLASSES.length) return ADE20K_CLASSES;
  return distinctColors(count).map((color, index) => ({
    index,
    name: `class ${index + 1}`,
    names: [`class ${index + 1}`],
    color,
  }));
}
