import { DataError, type LabelConvention, READY_CONVENTIONS, readLabelConvention } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";

/** Whether `DATASET.label_map` names a convention that comes along, not a file. */
export const isReadyConvention = (labelMap: string): boolean => Object.hasOwn(READY_CONVENTIONS, labelMap);

/**
 * What values and colours of label files mean: `DATASET.label_map`, with the values of `DATASET.ignore_label` ignored; and how they lie beside
 * photos that EXIF turns, `DATASET.label_orientation`.
 *
 * @throws {PipelineError} `config` if it is for another number of classes than `DATASET.num_class`, or there is nothing to ignore.
 * @throws {DataError} if the file cannot be read, naming the line.
 */
export async function labelConvention({
  DATASET: { label_map, ignore_label, label_orientation, num_class },
}: Config): Promise<LabelConvention> {
  try {
    const convention = await readLabelConvention(label_map, { numClasses: num_class, ignore: ignore_label });
    return { ...convention, orientation: label_orientation };
  } catch (error) {
    if (!(error instanceof DataError) || error.code !== "option") throw error;
    const key = error.data.option === "ignore" ? "DATASET.ignore_label" : "DATASET.num_class";
    throw new PipelineError("config", error.message, { data: { key, received: error.data.received }, cause: error });
  }
}
