import { activation, resizeLike } from "@seg/layers";
import * as tf from "@tensorflow/tfjs";
import type { ConvBn } from "./builder.ts";

/** Channels of the branches, from stride 4 to stride 32. */
const WIDTHS = [48, 96, 192, 384];

/** Modules in the stages with two, three and four branches. */
const MODULES = [1, 4, 3];

/**
 * HRNetV2-W48: parallel branches of four resolutions with multi-resolution fusion; all of them, resized to stride 4 and concatenated,
 * are the one feature of 720 channels.
 *
 * @see Wang et al., Deep High-Resolution Representation Learning for Visual Recognition, TPAMI 2020.
 */
export function hrnetv2(input: tf.SymbolicTensor, convBn: ConvBn): tf.SymbolicTensor[] {
  let x = input;
  for (const i of [1, 2]) {
    x = convBn(x, { names: [`conv${i}`, `bn${i}`], filters: 64, kernelSize: 3, strides: 2, activation: "relu" });
  }
  for (let i = 0; i < 4; i++) x = bottleneck(x, convBn, `layer1.${i}`);
  let branches = [x];
  for (const [i, modules] of MODULES.entries()) {
    branches = transition(branches, convBn, `transition${i + 1}`);
    for (let m = 0; m < modules; m++) branches = exchange(branches, convBn, `stage${i + 2}.${m}`);
  }
  const [largest, ...smaller] = branches as [tf.SymbolicTensor, ...tf.SymbolicTensor[]];
  const resized = smaller.map((branch, i) => resizeTo(branch, largest, `upsample.${i + 1}`));
  return [tf.layers.concatenate({ name: "concat" }).apply([largest, ...resized]) as tf.SymbolicTensor];
}

const resizeTo = (x: tf.SymbolicTensor, like: tf.SymbolicTensor, name: string) =>
  resizeLike({ name }).apply([x, like]) as tf.SymbolicTensor;

function bottleneck(x: tf.SymbolicTensor, convBn: ConvBn, name: string): tf.SymbolicTensor {
  const names = (i: number): [string, string] => [`${name}.conv${i}`, `${name}.bn${i}`];
  const residual =
    x.shape[3] === 256 ? x : convBn(x, { names: [`${name}.downsample.0`, `${name}.downsample.1`], filters: 256 });
  let y = convBn(x, { names: names(1), filters: 64, activation: "relu" });
  y = convBn(y, { names: names(2), filters: 64, kernelSize: 3, activation: "relu" });
  return convBn(y, { names: names(3), filters: 256, activation: "relu", residual });
}

/** Gives each branch its width, and adds one at half the smallest resolution. */
function transition(branches: tf.SymbolicTensor[], convBn: ConvBn, name: string): tf.SymbolicTensor[] {
  const smallest = branches[branches.length - 1]!;
  return WIDTHS.slice(0, branches.length + 1).map((filters, i) => {
    const branch = branches[i];
    if (branch && branch.shape[3] === filters) return branch;
    const path = branch ? `${name}.${i}` : `${name}.${i}.0`;
    return convBn(branch ?? smallest, {
      names: [`${path}.0`, `${path}.1`],
      filters,
      kernelSize: 3,
      strides: branch ? 1 : 2,
      activation: "relu",
    });
  });
}

/** Four residual blocks on each branch, then every branch becomes the sum of all, resized to its resolution. */
function exchange(branches: tf.SymbolicTensor[], convBn: ConvBn, name: string): tf.SymbolicTensor[] {
  const deeper = branches.map((branch, i) => {
    let x = branch;
    for (let b = 0; b < 4; b++) {
      const names = (c: number): [string, string] => {
        const path = `${name}.branches.${i}.${b}`;
        return [`${path}.conv${c}`, `${path}.bn${c}`];
      };
      const y = convBn(x, { names: names(1), filters: WIDTHS[i]!, kernelSize: 3, activation: "relu" });
      x = convBn(y, { names: names(2), filters: WIDTHS[i]!, kernelSize: 3, activation: "relu", residual: x });
    }
    return x;
  });
  return deeper.map((target, i) => {
    const terms = deeper.map((source, j) => fuse(source, j, target, i, convBn, `${name}.fuse_layers.${i}.${j}`));
    const sum = tf.layers.add({ name: `${name}.fuse_layers.${i}.sum` }).apply(terms) as tf.SymbolicTensor;
    return activation({ name: `${name}.fuse_layers.${i}.relu`, activation: "relu" }).apply(sum) as tf.SymbolicTensor;
  });
}

/** What the branch `from` adds to the branch `to`: itself, a 1×1 convolution upsampled, or strided 3×3 convolutions. */
function fuse(
  source: tf.SymbolicTensor,
  from: number,
  target: tf.SymbolicTensor,
  to: number,
  convBn: ConvBn,
  name: string,
): tf.SymbolicTensor {
  if (from === to) return source;
  if (from > to) {
    const narrowed = convBn(source, { names: [`${name}.0`, `${name}.1`], filters: WIDTHS[to]! });
    return resizeTo(narrowed, target, `${name}.upsample`);
  }
  let x = source;
  for (let step = 0; step < to - from; step++) {
    const last = step === to - from - 1;
    x = convBn(x, {
      names: [`${name}.${step}.0`, `${name}.${step}.1`],
      filters: WIDTHS[last ? to : from]!,
      kernelSize: 3,
      strides: 2,
      ...(last ? {} : { activation: "relu" as const }),
    });
  }
  return x;
}
