import type * as tf from "@tensorflow/tfjs";
import type { ConvBn } from "./builder.ts";

/** Expansion factor, output channels, number of blocks and stride of the first, of each stage of inverted residuals. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Blocks after which the map is a feature: where the undilated network halves it. */
const FEATURES = new Set([2, 4, 7, 14, 17]);

/**
 * MobileNetV2 at stride 8: from block 7 on its strides become dilations of 2, from block 14 on of 4. Five features.
 *
 * @see Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018.
 */
export function mobilenetv2dilated(input: tf.SymbolicTensor, convBn: ConvBn): tf.SymbolicTensor[] {
  const stem: [string, string] = ["features.0.0", "features.0.1"];
  let x = convBn(input, { names: stem, filters: 32, kernelSize: 3, strides: 2, activation: "relu6" });
  const features: tf.SymbolicTensor[] = [];
  let index = 1;
  for (const [expansion, filters, count, stride] of STAGES) {
    for (let i = 0; i < count; i++, index++) {
      x = invertedResidual(x, convBn, { index, expansion, filters, strides: i === 0 ? stride : 1 });
      if (FEATURES.has(index)) features.push(x);
    }
  }
  return features;
}

interface Block {
  index: number;
  expansion: number;
  filters: number;
  strides: number;
}

function invertedResidual(x: tf.SymbolicTensor, convBn: ConvBn, { index, expansion, filters, strides }: Block) {
  const channels = x.shape[3]!;
  const hidden = channels * expansion;
  let position = 0;
  // In the original's sequence each activation has a number too, after its convolution and batch norm.
  const names = (): [string, string] => {
    const at = position;
    position += 3;
    return [`features.${index}.conv.${at}`, `features.${index}.conv.${at + 1}`];
  };
  let y = x;
  if (expansion > 1) y = convBn(y, { names: names(), filters: hidden, activation: "relu6" });
  const dilation = index >= 14 ? 4 : index >= 7 ? 2 : 1;
  const strided = strides === 2;
  y = convBn(y, {
    names: names(),
    filters: hidden,
    groups: hidden,
    kernelSize: 3,
    strides: dilation > 1 ? 1 : strides,
    dilations: strided && dilation > 1 ? dilation / 2 : dilation,
    activation: "relu6",
  });
  const isResidual = strides === 1 && channels === filters;
  return convBn(y, { names: names(), filters, ...(isResidual && { residual: x }) });
}
