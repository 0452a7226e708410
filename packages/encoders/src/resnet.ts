import { maxPool2d } from "@seg/layers";
import type * as tf from "@tensorflow/tfjs";
import type { ConvBn } from "./builder.ts";

/** What tells one residual network from another. */
export interface ResNetPlan {
  /** Blocks in each of the four stages. */
  blocks: readonly [number, number, number, number];
  /** Two 3×3 convolutions, or 1×1, 3×3, 1×1. */
  block: "basic" | "bottleneck";
  /** Channels of the 3×3 convolutions in each stage. */
  planes: readonly [number, number, number, number];
  /** Output channels for each of those channels. */
  expansion: number;
  /** Groups of the 3×3 convolutions. */
  groups: number;
  /** Whether stages 3 and 4 keep stride 8 and dilate by 2 and 4 instead of striding. */
  dilated: boolean;
}

/** One 3×3 convolution's stride and dilation. */
interface Sampling {
  strides: number;
  dilations: number;
}

/**
 * A residual network with three 3×3 convolutions as its stem; its four stages are the features.
 *
 * @see He et al., Deep Residual Learning, CVPR 2016; Xie et al., ResNeXt, CVPR 2017; Yu and Koltun, ICLR 2016, on dilation.
 */
export function resnet(input: tf.SymbolicTensor, convBn: ConvBn, plan: ResNetPlan): tf.SymbolicTensor[] {
  let x = input;
  for (const [i, filters] of [64, 64, 128].entries()) {
    const names: [string, string] = [`conv${i + 1}`, `bn${i + 1}`];
    x = convBn(x, { names, filters, kernelSize: 3, strides: i === 0 ? 2 : 1, activation: "relu" });
  }
  x = maxPool2d({ name: "maxpool", kernelSize: 3, strides: 2, padding: 1 }).apply(x) as tf.SymbolicTensor;
  return plan.blocks.map((count, stage) => {
    for (let i = 0; i < count; i++) x = block(x, convBn, plan, stage, i);
    return x;
  });
}

function block(x: tf.SymbolicTensor, convBn: ConvBn, plan: ResNetPlan, stage: number, index: number) {
  const name = `layer${stage + 1}.${index}`;
  const planes = plan.planes[stage]!;
  const filters = planes * plan.expansion;
  const first = sampling(plan, stage, index);
  const names = (i: number): [string, string] => [`${name}.conv${i}`, `${name}.bn${i}`];
  const residual =
    index > 0 || (stage === 0 && x.shape[3] === filters)
      ? x
      : convBn(x, { names: [`${name}.downsample.0`, `${name}.downsample.1`], filters, strides: first.strides });
  if (plan.block === "basic") {
    const y = convBn(x, { names: names(1), filters: planes, kernelSize: 3, ...first, activation: "relu" });
    // The second convolution of a dilated block always has the stage's full dilation.
    const { dilations } = sampling(plan, stage, 1);
    return convBn(y, { names: names(2), filters, kernelSize: 3, dilations, activation: "relu", residual });
  }
  let y = convBn(x, { names: names(1), filters: planes, activation: "relu" });
  y = convBn(y, { names: names(2), filters: planes, kernelSize: 3, groups: plan.groups, ...first, activation: "relu" });
  return convBn(y, { names: names(3), filters, activation: "relu", residual });
}

/** The block that would stride in a dilated stage has half the stage's dilation, the later ones all of it. */
function sampling({ dilated }: ResNetPlan, stage: number, index: number): Sampling {
  if (!dilated || stage < 2) return { strides: stage > 0 && index === 0 ? 2 : 1, dilations: 1 };
  const dilation = stage === 2 ? 2 : 4;
  return { strides: 1, dilations: index === 0 ? dilation / 2 : dilation };
}
