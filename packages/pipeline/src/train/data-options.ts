import type { TrainSourceOptions } from "@seg/ade20k-data";
import type { Config } from "@seg/segmenter/config";
import type { TrainingPlan } from "./plan.ts";

/** What the loaders of a training are told; plain data. What is off is left out. */
export function dataOptions({ config, records, convention, sampling }: TrainingPlan): TrainSourceOptions {
  const { DATASET, MODEL, TRAIN } = config;
  return {
    records,
    batchSize: TRAIN.batch_size_per_gpu,
    sizes: DATASET.imgSizes,
    maxSize: DATASET.imgMaxSize,
    paddingConstant: DATASET.padding_constant,
    segmDownsamplingRate: DATASET.segm_downsampling_rate,
    randomFlip: DATASET.random_flip,
    padLabel: DATASET.padLabel,
    inputFormat: MODEL.inputFormat,
    numClasses: DATASET.num_class,
    convention,
    maxPixels: DATASET.max_pixels,
    ...augmentOptions(DATASET),
    ...(sampling && { classSampling: sampling }),
  };
}

function augmentOptions(DATASET: Config["DATASET"]) {
  const { random_scale, crop_size, cat_max_ratio, blur_prob, blur_sigma } = DATASET;
  const colorJitter = {
    brightness: DATASET.jitter_brightness,
    contrast: DATASET.jitter_contrast,
    saturation: DATASET.jitter_saturation,
    hue: DATASET.jitter_hue,
  };
  return {
    ...(random_scale.some((factor) => factor !== 1) && { randomScale: random_scale }),
    ...(crop_size[0] > 0 && { cropSize: crop_size, catMaxRatio: cat_max_ratio }),
    ...(Object.values(colorJitter).some((most) => most > 0) && { colorJitter }),
    ...(blur_prob > 0 && { blur: { probability: blur_prob, sigma: blur_sigma } }),
  };
}
