import { INPUT_RECIPES, type SegClass } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import type { PhotoPreparation } from "./result.ts";

/** What a configuration does to a photo before its network sees it. */
export function photoPreparation({ DATASET, MODEL }: Config): PhotoPreparation {
  const { order, divisor, mean, std } = INPUT_RECIPES[MODEL.inputFormat];
  return {
    sizes: DATASET.imgSizes,
    maxSize: DATASET.imgMaxSize,
    paddingConstant: DATASET.padding_constant,
    channels: order[0] === 0 ? "rgb" : "bgr",
    range: divisor === 1 ? 255 : 1,
    mean,
    std,
  };
}

/** What a file says of itself, by key; lists and objects are left to the format. */
export function exportMetadata(config: Config, classes: readonly SegClass[]): Record<string, unknown> {
  const { sizes, maxSize, paddingConstant, ...input } = photoPreparation(config);
  return {
    architecture: architectureOf(config),
    classes: classes.map(({ name }) => name),
    colors: classes.map(({ color }) => [...color]),
    input_format: input,
    short_sides: sizes,
    max_size: maxSize,
    padding_constant: paddingConstant,
  };
}

/** `<encoder>-<decoder>`, which is the name of a preset where there is one. */
export const architectureOf = ({ MODEL }: Config): string => `${MODEL.arch_encoder}-${MODEL.arch_decoder}`;
