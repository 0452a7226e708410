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
