/** The same kernels built from stock ones, for engines that lack the op: WebAssembly, plain JavaScript, WebGPU, WebGL. */
import * as tf from "@tensorflow/tfjs";
import {
  Activation,
  ActivationGrad,
  type ActivationName,
  AdaptiveAvgPool2D,
  AdaptiveAvgPool2DGrad,
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  FusedConv2D,
  InterpolatedConv2D,
  type InterpolatedConv2DAttrs,
  InterpolatedConv2DGrad,
  MaxPool2D,
  MaxPool2DGrad,
  type Pair,
  type Pool2DAttrs,
  ResizeBilinear,
  ResizeBilinearGrad,
  SparseCrossEntropy,
} from "../kernel-names.ts";
import { product } from "../products.ts";
import { averagingMatrix, interpolationMatrix, mapRowsAndColumns } from "../separable.ts";
import { interpolatedConv2d, interpolatedConv2dGrad } from "./interpolated-conv2d.ts";
import { backwardMargins, flipped, padOrCrop, spread } from "./rearrange.ts";

const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor4D;

const stockAttrs = ({ strides, padding: [h, w], dilations }: Conv2DAttrs) => ({
  strides,
  dilations,
  dataFormat: "NHWC",
  pad: [
    [0, 0],
    [h, h],
    [w, w],
    [0, 0],
  ],
});

function conv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attrs: Conv2DAttrs,
  bias?: tf.Tensor,
  activation?: ActivationName,
): tf.Tensor4D {
  const [kh, kw, inPerGroup, out] = filter.shape;
  const stock = stockAttrs(attrs);
  const fused = bias ? { bias } : undefined;
  if (attrs.groups === 1) {
    return fused
      ? run("FusedConv2D", { x, filter, ...fused }, { ...stock, activation: activation ?? "linear" })
      : run("Conv2D", { x, filter }, stock);
  }
  if (inPerGroup === 1 && out === attrs.groups) {
    const { strides, dilations } = attrs;
    if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) {
      // Plain JavaScript's depthwise kernel refuses both at once.
      const every = conv2d(x, filter, { ...attrs, strides: [1, 1] }, bias, activation);
      return tf.stridedSlice(every, [0, 0, 0, 0], every.shape, [1, ...strides, 1]) as tf.Tensor4D;
    }
    const depthwise = { x, filter: filter.reshape([kh, kw, out, 1]) };
    return fused
      ? run("FusedDepthwiseConv2D", { ...depthwise, ...fused }, { ...stock, activation: activation ?? "linear" })
      : run("DepthwiseConv2dNative", depthwise, stock);
  }
  const xs = tf.split(x, attrs.groups, 3);
  const filters = tf.split(filter, attrs.groups, 3);
  const y = tf.concat(
    xs.map((part, i) => run("Conv2D", { x: part, filter: filters[i]! }, stock)),
    3,
  );
  if (!bias) return y;
  const biased = y.add<tf.Tensor4D>(bias);
  return activation ? activate(biased, activation) : biased;
}

const activate = <T extends tf.Tensor>(x: T, activation: ActivationName): T =>
  activation === "relu" ? tf.relu(x) : tf.relu6(x);

/**
 * The input's gradient as a stride-1 convolution of dy, its pixels spread by the stride, with the filter flipped and its
 * channels exchanged.
 */
function conv2dBackpropInput(dy: tf.Tensor4D, filter: tf.Tensor4D, attrs: Conv2DAttrs, inputShape: number[]) {
  const { strides, padding, dilations, groups } = attrs;
  const [kh, kw] = filter.shape;
  const pixels = spread(dy, strides);
  const [rows, columns] = backwardMargins([kh, kw], padding, dilations, inputShape, pixels.shape);
  const back = flipped(filter, groups);
  return conv2d(padOrCrop(pixels, rows, columns), back, { strides: [1, 1], padding: [0, 0], dilations, groups });
}

interface Tap {
  row: number;
  column: number;
}

function tapsOf([kh, kw]: Pair): Tap[] {
  return Array.from({ length: kh * kw }, (_, i) => ({ row: Math.floor(i / kw), column: i % kw }));
}

/** The pixels that one tap of a window sees: [batch, outputHeight, outputWidth, channels] of the padded input. */
function tapView(padded: tf.Tensor4D, offset: Pair, strides: Pair, outputShape: number[]): tf.Tensor4D {
  const [n, , , c] = padded.shape;
  const [, oh, ow] = outputShape as [number, number, number];
  const size = [(oh - 1) * strides[0] + 1, (ow - 1) * strides[1] + 1] as const;
  const dense = tf.slice(padded, [0, offset[0], offset[1], 0], [n, size[0], size[1], c]);
  if (strides[0] === 1 && strides[1] === 1) return dense;
  return tf.stridedSlice(dense, [0, 0, 0, 0], dense.shape, [1, strides[0], strides[1], 1]) as tf.Tensor4D;
}

/** The filter's gradient: for each tap, the product of the pixels it sees with dy. */
function conv2dBackpropFilter(x: tf.Tensor4D, dy: tf.Tensor4D, attrs: Conv2DAttrs, filterShape: number[]) {
  const { strides, padding, dilations, groups } = attrs;
  const [kh, kw, inPerGroup, out] = filterShape as [number, number, number, number];
  const [n, oh, ow] = dy.shape;
  const pixels = n * oh * ow;
  const padded = padOrCrop(x, [padding[0], padding[0]], [padding[1], padding[1]]);
  const depthwise = inPerGroup === 1 && out === groups;
  const flat = dy.reshape([pixels, out]) as tf.Tensor2D;
  const grouped = groups === 1 || depthwise ? undefined : tf.transpose(flat.reshape([pixels, groups, -1]), [1, 0, 2]);
  const taps = tapsOf([kh, kw]).map(({ row, column }) =>
    tf.tidy(() => {
      const seen = tapView(padded, [row * dilations[0], column * dilations[1]], strides, dy.shape);
      if (depthwise) return seen.mul(dy).sum([0, 1, 2]).reshape([1, out]);
      if (!grouped) return product(seen.reshape([pixels, inPerGroup]), flat, true);
      const byGroup = tf.transpose(seen.reshape([pixels, groups, inPerGroup]), [1, 2, 0]);
      return tf.matMul(byGroup, grouped).transpose([1, 0, 2]).reshape([inPerGroup, out]);
    }),
  );
  return tf.stack(taps).reshape(filterShape);
}

/** Far below any value that a network produces, and finite, so that products with zero stay zero. */
const LOWEST = -3e38;

function padForMax(x: tf.Tensor4D, [h, w]: Pair): tf.Tensor4D {
  if (h === 0 && w === 0) return x;
  return tf.pad(
    x,
    [
      [0, 0],
      [h, h],
      [w, w],
      [0, 0],
    ],
    LOWEST,
  );
}

/** Each window's gradient goes to its first largest pixel, in row order, as PyTorch and TensorFlow do. */
function maxPoolGrad(x: tf.Tensor4D, y: tf.Tensor4D, dy: tf.Tensor4D, attrs: Pool2DAttrs): tf.Tensor {
  const { kernelSize, strides, padding } = attrs;
  const padded = padForMax(x, padding);
  const [, height, width] = padded.shape;
  let free: tf.Tensor = tf.onesLike(y);
  let total: tf.Tensor4D | undefined;
  for (const { row, column } of tapsOf(kernelSize)) {
    const [nextFree, nextTotal] = tf.tidy(() => {
      const hit = tapView(padded, [row, column], strides, y.shape).equal(y).toFloat().mul(free);
      const given = spread(hit.mul(dy), strides);
      const placed = padOrCrop(given, [row, height - row - given.shape[1]], [column, width - column - given.shape[2]]);
      return [free.sub(hit), total ? total.add<tf.Tensor4D>(placed) : placed] as const;
    }) as unknown as [tf.Tensor, tf.Tensor4D];
    free.dispose();
    total?.dispose();
    free = nextFree;
    total = nextTotal;
  }
  return padOrCrop(total!, [-padding[0], -padding[0]], [-padding[1], -padding[1]]);
}

/** The mean loss over labelled pixels, and its gradient. */
function sparseCrossEntropy(scores: tf.Tensor, labels: tf.Tensor): tf.Tensor[] {
  const classes = scores.shape[scores.rank - 1]!;
  const valid = labels.greaterEqual(0).toFloat();
  const weight = valid.div(valid.sum().maximum(1));
  const logProbabilities = tf.logSoftmax(scores);
  const oneHot = tf.oneHot(labels.maximum(0).toInt(), classes).toFloat();
  const loss = tf.sub(0, logProbabilities.mul(oneHot).sum(-1).mul(weight).sum());
  return [loss, logProbabilities.exp().sub(oneHot).mul(weight.expandDims(-1))];
}

type Implementation = (inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) => tf.Tensor | tf.Tensor[];

const four = (tensor: tf.Tensor | undefined) => tensor as tf.Tensor4D;

const everywhere: Record<string, Implementation> = {
  [AdaptiveAvgPool2D]: ({ x }, attrs) => {
    const [, height, width] = four(x).shape;
    const [rows, columns] = attrs.bins as Pair;
    return mapRowsAndColumns(four(x), averagingMatrix(height, rows), averagingMatrix(width, columns));
  },
  [AdaptiveAvgPool2DGrad]: ({ dy }, attrs) => {
    const [height, width] = attrs.inputSize as Pair;
    const [, rows, columns] = four(dy).shape;
    return mapRowsAndColumns(four(dy), averagingMatrix(height, rows), averagingMatrix(width, columns), true);
  },
  [InterpolatedConv2D]: ({ x, filter, onto }, attrs) =>
    interpolatedConv2d(four(x), four(filter), onto!, attrs as InterpolatedConv2DAttrs),
  [InterpolatedConv2DGrad]: ({ dy, x, filter }, attrs) =>
    interpolatedConv2dGrad(four(dy), four(x), four(filter), attrs as InterpolatedConv2DAttrs),
};

const whereLacking: Record<string, Implementation> = {
  [Conv2D]: ({ x, filter }, attrs) => conv2d(four(x), four(filter), attrs as Conv2DAttrs),
  [FusedConv2D]: ({ x, filter, bias }, attrs) =>
    conv2d(
      four(x),
      four(filter),
      attrs as Conv2DAttrs,
      bias,
      (attrs.activation || undefined) as ActivationName | undefined,
    ),
  [Conv2DBackpropInput]: ({ dy, filter }, attrs) =>
    conv2dBackpropInput(four(dy), four(filter), attrs as Conv2DAttrs, attrs.inputShape as number[]),
  [Conv2DBackpropFilter]: ({ x, dy }, attrs) =>
    conv2dBackpropFilter(four(x), four(dy), attrs as Conv2DAttrs, attrs.filterShape as number[]),
  [ResizeBilinear]: ({ x }, attrs) => tf.image.resizeBilinear(four(x), attrs.size as Pair, false, true),
  [ResizeBilinearGrad]: ({ dy }, attrs) => {
    const [height, width] = attrs.inputSize as Pair;
    const [, rows, columns] = four(dy).shape;
    return mapRowsAndColumns(four(dy), interpolationMatrix(height, rows), interpolationMatrix(width, columns), true);
  },
  [MaxPool2D]: ({ x }, attrs) => {
    const { kernelSize, strides, padding } = attrs as Pool2DAttrs;
    return tf.maxPool(padForMax(four(x), padding), kernelSize, strides, "valid");
  },
  [MaxPool2DGrad]: ({ x, y, dy }, attrs) => maxPoolGrad(four(x), four(y), four(dy), attrs as Pool2DAttrs),
  [SparseCrossEntropy]: ({ scores, labels }) => sparseCrossEntropy(scores!, labels!),
  [Activation]: ({ x }, attrs) => activate(x!, attrs.activation as ActivationName),
  [ActivationGrad]: ({ dy, y }, attrs) => {
    const open = attrs.activation === "relu" ? y!.greater(0) : y!.greater(0).logicalAnd(y!.less(6));
    return dy!.mul(open.toFloat());
  },
};

/** Registers this package's kernels for the engines without native ones, and for all where no op is faster. */
export function registerComposedKernels(): void {
  const register = (kernels: Record<string, Implementation>, backends: string[]) => {
    for (const backendName of backends) {
      for (const [kernelName, implementation] of Object.entries(kernels)) {
        tf.registerKernel({
          kernelName,
          backendName,
          kernelFunc: ({ inputs, attrs }) =>
            tf.tidy(() => implementation(inputs as unknown as tf.NamedTensorMap, attrs ?? {})),
        });
      }
    }
  };
  const composed = ["cpu", "wasm", "webgpu", "webgl"];
  register(whereLacking, composed);
  register(everywhere, [...composed, "tensorflow"]);
}
