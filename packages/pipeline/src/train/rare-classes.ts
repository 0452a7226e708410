import { type ClassSampling, classSampling, DataError } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";
import type { LabelCounter } from "./label-counter.ts";

/**
 * How photos are drawn where rare classes are preferred, for which all labels are read; undefined where they are not.
 *
 * @throws {PipelineError} `config` if no photo holds as many pixels of a class as `DATASET.rare_class_min_pixels` asks for.
 * @throws {DataError} what is wrong with a label. The signal's reason.
 */
export async function rareClassSampling({ DATASET }: Config, count: LabelCounter): Promise<ClassSampling | undefined> {
  const { rare_class_temp: temperature, rare_class_min_pixels: minPixels } = DATASET;
  if (temperature === 0) return undefined;
  const counts = await count();
  try {
    return classSampling(
      counts.map((own) => own.subarray(1)),
      { temperature, minPixels },
    );
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const key = "DATASET.rare_class_min_pixels";
    throw new PipelineError(
      "config",
      { expected: `a label with ${key} ${minPixels} or more of any class`, but: "there is none", hint: "lower it" },
      { data: { key, received: minPixels }, cause: error },
    );
  }
}
