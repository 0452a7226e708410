import { buildDecoder } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";

/** The networks whose figures the project states. */
export const MODELS = [
  "mobilenetv2dilated+c1_deepsup",
  "resnet18dilated+ppm_deepsup",
  "resnet50dilated+ppm_deepsup",
  "resnet50+upernet",
  "hrnetv2+c1",
];

/** Classes that are scored: ADE20K's. */
export const CLASSES = 150;

/** Encoder and decoder of `encoder+decoder`, with random weights. */
export function buildModels(name) {
  const [encoderName, decoderName] = name.split("+");
  const encoder = buildEncoder(encoderName, { seed: 1 });
  const decoder = buildDecoder(decoderName, encoder.featureInfo, { seed: 1, numClasses: CLASSES });
  return [encoder.model, decoder.model];
}

/** Height and width of the input that figures are stated for, and how many of its pixels make one of the labels in training. */
export function inputOf(name) {
  return /upernet|hrnet/.test(name) ? { size: [480, 608], stride: 4 } : { size: [456, 600], stride: 8 };
}

/** A made-up image in memory, `[1, height, width, 3]`. */
export function randomImage([height, width]) {
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 31 - 1;
  };
  return { data: Float32Array.from({ length: height * width * 3 }, () => 2 * next()), shape: [1, height, width, 3] };
}
