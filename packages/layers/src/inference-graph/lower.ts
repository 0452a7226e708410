import type * as tf from "@tensorflow/tfjs";
import type { Pair } from "../kernels/names.ts";
import type { Activation } from "../layers/activation.ts";
import type { Conv2D } from "../layers/conv2d.ts";
import type { Shape } from "../layers/layer.ts";
import type { AdaptiveAvgPool2D, MaxPool2D } from "../layers/pooling.ts";
import { type GraphBuilder, inexpressible } from "./inference-graph.ts";
import type { ArithmeticOperation, Edges, PointwiseFunction } from "./operation.ts";
import { affineOf, constant, depthwiseFilterOf, filterOf, type Normalization, vectorOf } from "./weights.ts";

/** Adds what a layer computes to a graph; gives the number of the resulting tensor. */
type Lowering = (layer: tf.layers.Layer, inputs: readonly number[], shape: Shape, graph: GraphBuilder) => number;

/** A layer of TF.js's, with those of its fields that are needed here and that TF.js does not declare. */
type Stock<Fields> = tf.layers.Layer & Fields;

const lowering =
  <Layer extends tf.layers.Layer>(
    lower: (layer: Layer, inputs: readonly number[], shape: Shape, graph: GraphBuilder) => number,
  ): Lowering =>
  (layer, inputs, shape, graph) =>
    lower(layer as Layer, inputs, shape, graph);

const edges = ([vertical, horizontal]: Pair): Edges => [vertical, vertical, horizontal, horizontal];

const unchanged = lowering((_, [x]) => x!);

interface Windowed {
  kernelSize: Pair;
  strides: Pair;
  padding: "valid" | "same" | "causal";
  dilationRate: number | number[];
  dataFormat: string;
}

interface StockActivation {
  activation?: { getClassName(): string } | null;
}

interface StockConv2D extends Windowed, StockActivation {
  kernel: tf.LayerVariable;
  bias?: tf.LayerVariable;
  depthwiseKernel: tf.LayerVariable;
  pointwiseKernel: tf.LayerVariable;
}

interface StockPool {
  poolSize: Pair;
  strides: Pair;
  padding: "valid" | "same";
  dataFormat: string;
}

/** Layers by class, this project's and TF.js's. */
export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  SegConv2D: lowering((layer: Conv2D, inputs, shape, graph) => {
    const { strides, padding, dilations, groups, kernel, bias } = layer;
    const filter = filterOf(kernel!, graph.weights);
    const added = bias && vectorOf(bias, graph.weights);
    return graph.add(
      { op: "conv2d", filter, bias: added, strides, padding: edges(padding), dilations, groups },
      inputs,
      shape,
    );
  }),
  SegConv2DOverResized: lowering((layer: Conv2D, inputs, shape, graph) => {
    const { padding, kernel, bias } = layer;
    const filter = filterOf(kernel!, graph.weights);
    return graph.add(
      { op: "conv2dOverResized", filter, bias: bias && vectorOf(bias, graph.weights), padding },
      inputs,
      shape,
    );
  }),
  SegBatchNormalization: lowering(
    (layer: Stock<Normalization & { activation: "relu" | "relu6" | null }>, [x, residual], shape, graph) => {
      let y = graph.add({ op: "affine", ...affineOf(layer, graph.weights) }, [x!], shape);
      if (residual !== undefined) y = graph.add({ op: "arithmetic", kind: "add" }, [y, residual], shape);
      return layer.activation ? pointwise({ kind: layer.activation }, y, shape, graph) : y;
    },
  ),
  SegActivation: lowering(({ activation }: Activation, [x], shape, graph) =>
    pointwise({ kind: activation }, x!, shape, graph),
  ),
  SegAdaptiveAvgPool2D: lowering(({ bins }: AdaptiveAvgPool2D, inputs, shape, graph) =>
    graph.add({ op: "adaptiveAvgPool", bins }, inputs, shape),
  ),
  SegMaxPool2D: lowering(({ options }: MaxPool2D, inputs, shape, graph) => {
    const { kernelSize, strides, padding } = options;
    return graph.add({ op: "pool", kind: "max", kernelSize, strides, padding: edges(padding) }, inputs, shape);
  }),
  SegResizeLike: lowering((_, inputs, shape, graph) => graph.add({ op: "resizeLike" }, inputs, shape)),
  SegChannelDropout: unchanged,

  Conv2D: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const filter = filterOf(layer.kernel, graph.weights);
    return convolution(layer, { filter, groups: 1, biased: true }, inputs, shape, graph);
  }),
  DepthwiseConv2D: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const filter = depthwiseFilterOf(layer.depthwiseKernel, graph.weights);
    return convolution(layer, { filter, groups: layer.depthwiseKernel.shape[2]!, biased: true }, inputs, shape, graph);
  }),
  SeparableConv2D: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const { depthwiseKernel, pointwiseKernel, bias } = layer;
    const depthwise = depthwiseFilterOf(depthwiseKernel, graph.weights);
    const between = [...shape.slice(0, 3), depthwise.shape[0]!];
    const spread = convolution(
      { ...pick(layer), name: layer.name } as typeof layer,
      { filter: depthwise, groups: depthwiseKernel.shape[2]!, biased: false },
      inputs,
      between,
      graph,
    );
    const filter = filterOf(pointwiseKernel, graph.weights);
    const y = graph.add(
      {
        op: "conv2d",
        filter,
        // A layer without one has null.
        bias: bias ? vectorOf(bias, graph.weights) : undefined,
        strides: [1, 1],
        padding: [0, 0, 0, 0],
        dilations: [1, 1],
        groups: 1,
      },
      [spread],
      shape,
    );
    return stockActivation(layer, y, shape, graph);
  }),
  Dense: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const kernel = filterOf(layer.kernel, graph.weights);
    const bias = layer.bias ? vectorOf(layer.bias, graph.weights) : undefined;
    return stockActivation(layer, graph.add({ op: "dense", kernel, bias }, inputs, shape), shape, graph);
  }),
  BatchNormalization: lowering((layer: Stock<Normalization & { axis: number }>, inputs, shape, graph) => {
    if (layer.axis !== -1 && layer.axis !== shape.length - 1) {
      throw inexpressible(layer, `a batch norm over axis ${layer.axis}, which is not the last`);
    }
    return graph.add({ op: "affine", ...affineOf(layer, graph.weights) }, inputs, shape);
  }),
  Rescaling: lowering((layer: Stock<{ scale: number; offset: number }>, inputs, shape, graph) => {
    const channels = shape.at(-1)!;
    const vector = (value: number) => constant(new Float32Array(channels).fill(value));
    return graph.add({ op: "affine", scale: vector(layer.scale), offset: vector(layer.offset) }, inputs, shape);
  }),
  Activation: lowering((layer: Stock<StockActivation>, [x], shape, graph) => stockActivation(layer, x!, shape, graph)),
  ReLU: lowering((layer: Stock<{ maxValue?: number }>, [x], shape, graph) => {
    const { maxValue } = layer;
    const kind: PointwiseFunction = maxValue == null ? { kind: "relu" } : { kind: "clip", min: 0, max: maxValue };
    return pointwise(kind, x!, shape, graph);
  }),
  LeakyReLU: lowering((layer: Stock<{ alpha: number }>, [x], shape, graph) =>
    pointwise({ kind: "leakyRelu", alpha: layer.alpha }, x!, shape, graph),
  ),
  ELU: lowering((layer: Stock<{ alpha: number }>, [x], shape, graph) =>
    pointwise({ kind: "elu", alpha: layer.alpha }, x!, shape, graph),
  ),
  Softmax: lowering((layer: Stock<{ axis: number }>, [x], shape, graph) => {
    if (layer.axis !== -1 && layer.axis !== shape.length - 1) {
      throw inexpressible(layer, `a softmax over axis ${layer.axis}, which is not the last`);
    }
    return pointwise({ kind: "softmax" }, x!, shape, graph);
  }),
  Add: arithmetic("add"),
  Multiply: arithmetic("multiply"),
  Average: arithmetic("average"),
  Maximum: arithmetic("maximum"),
  Minimum: arithmetic("minimum"),
  Concatenate: lowering((layer: Stock<{ axis: number }>, inputs, shape, graph) =>
    graph.add({ op: "concat", axis: layer.axis < 0 ? layer.axis + shape.length : layer.axis }, inputs, shape),
  ),
  MaxPooling2D: pooling("max"),
  AveragePooling2D: pooling("average"),
  GlobalMaxPooling2D: globalPooling("max"),
  GlobalAveragePooling2D: globalPooling("average"),
  ZeroPadding2D: lowering((layer: Stock<{ padding: [Pair, Pair]; dataFormat: string }>, inputs, shape, graph) => {
    channelsLast(layer);
    const [[top, bottom], [left, right]] = layer.padding;
    return graph.add({ op: "pad", padding: [top, bottom, left, right] }, inputs, shape);
  }),
  UpSampling2D: lowering(
    (layer: Stock<{ size: Pair; dataFormat: string; interpolation: "nearest" | "bilinear" }>, inputs, shape, graph) => {
      channelsLast(layer);
      return graph.add({ op: "upsample", factors: layer.size, interpolation: layer.interpolation }, inputs, shape);
    },
  ),
  Reshape: lowering((layer: Stock<{ targetShape: Shape }>, inputs, shape, graph) => {
    const target = layer.targetShape.map((n) => (n == null || n < 0 ? null : n));
    if (target.filter((n) => n === null).length > 1) throw inexpressible(layer, "a reshape to two unknown sizes");
    return graph.add({ op: "reshape", shape: target }, inputs, shape);
  }),
  Flatten: lowering((_, inputs, shape, graph) => graph.add({ op: "reshape", shape: [null] }, inputs, shape)),
  Dropout: unchanged,
  SpatialDropout2D: unchanged,
  AlphaDropout: unchanged,
  GaussianDropout: unchanged,
  GaussianNoise: unchanged,
};

const pick = ({ strides, padding, dilationRate, dataFormat }: StockConv2D) => ({
  strides,
  padding,
  dilationRate,
  dataFormat,
});

function arithmetic(kind: ArithmeticOperation["kind"]): Lowering {
  return lowering((_, inputs, shape, graph) => graph.add({ op: "arithmetic", kind }, inputs, shape));
}

function pooling(kind: "max" | "average"): Lowering {
  return lowering((layer: Stock<StockPool>, inputs, shape, graph) => {
    channelsLast(layer);
    const { poolSize: kernelSize, strides, padding } = layer;
    const around: Edges = padding === "same" ? "same" : [0, 0, 0, 0];
    return graph.add({ op: "pool", kind, kernelSize, strides, padding: around }, inputs, shape);
  });
}

function globalPooling(kind: "max" | "average"): Lowering {
  return lowering((layer: Stock<{ dataFormat: string }>, inputs, shape, graph) => {
    channelsLast(layer);
    return graph.add({ op: "globalPool", kind }, inputs, shape);
  });
}

function channelsLast(layer: Stock<{ dataFormat?: string }>): void {
  if (layer.dataFormat === "channelsFirst") throw inexpressible(layer, "of channels first");
}

function convolution(
  layer: Stock<StockConv2D>,
  { filter, groups, biased }: { filter: ReturnType<typeof filterOf>; groups: number; biased: boolean },
  inputs: readonly number[],
  shape: Shape,
  graph: GraphBuilder,
): number {
  channelsLast(layer);
  const { strides, padding, dilationRate } = layer;
  if (padding === "causal") throw inexpressible(layer, "a causal convolution");
  const [vertical, horizontal = vertical] = [dilationRate ?? 1].flat() as [number, number?];
  const bias = biased && layer.bias ? vectorOf(layer.bias, graph.weights) : undefined;
  const y = graph.add(
    {
      op: "conv2d",
      filter,
      bias,
      strides: [strides].flat().length === 1 ? [[strides].flat()[0]!, [strides].flat()[0]!] : strides,
      padding: padding === "same" ? "same" : [0, 0, 0, 0],
      dilations: [vertical, horizontal],
      groups,
    },
    inputs,
    shape,
  );
  return biased ? stockActivation(layer, y, shape, graph) : y;
}

const pointwise = (fn: PointwiseFunction, x: number, shape: Shape, graph: GraphBuilder) =>
  graph.add({ op: "activation", function: fn }, [x], shape);

/** TF.js's activations by the names that it writes them by; of elu and selu with its constants. */
const STOCK_ACTIVATIONS: Readonly<Record<string, PointwiseFunction>> = {
  relu: { kind: "relu" },
  relu6: { kind: "relu6" },
  sigmoid: { kind: "sigmoid" },
  tanh: { kind: "tanh" },
  softplus: { kind: "softplus" },
  softsign: { kind: "softsign" },
  softmax: { kind: "softmax" },
  swish: { kind: "swish" },
  elu: { kind: "elu", alpha: 1 },
  selu: { kind: "selu", alpha: 1.6732632423543772, gamma: 1.0507009873554805 },
  hardSigmoid: { kind: "hardSigmoid", alpha: 0.2, beta: 0.5 },
};

function stockActivation(layer: Stock<StockActivation>, x: number, shape: Shape, graph: GraphBuilder): number {
  const name = layer.activation?.getClassName() ?? "linear";
  if (name === "linear") return x;
  const known = Object.hasOwn(STOCK_ACTIVATIONS, name) ? STOCK_ACTIVATIONS[name] : undefined;
  if (!known) throw inexpressible(layer, `followed by the activation ${name}`);
  return pointwise(known, x, shape, graph);
}
