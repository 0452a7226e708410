import type * as tf from "@tensorflow/tfjs";
import type { Pair } from "../kernels/names.ts";
import type { Activation } from "../layers/activation.ts";
import type { Conv2D } from "../layers/conv2d.ts";
import type { Shape } from "../layers/layer.ts";
import type { AdaptiveAvgPool2D, MaxPool2D } from "../layers/pooling.ts";
import { type GraphBuilder, inexpressible } from "./builder.ts";
import type { ArithmeticOperation, Conv2DOperation, Edges, PointwiseFunction } from "./operation.ts";
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
  strides: Pair;
  padding: "valid" | "same" | "causal";
  dilationRate: Pair;
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
    const { strides, dilations, groups } = layer;
    const filter = filterOf(layer.kernel!, graph.weights);
    const padding = edges(layer.padding);
    return graph.add(
      { op: "conv2d", filter, bias: biasOf(layer, graph), strides, padding, dilations, groups },
      inputs,
      shape,
    );
  }),
  SegConv2DOverResized: lowering((layer: Conv2D, inputs, shape, graph) => {
    const filter = filterOf(layer.kernel!, graph.weights);
    const { padding } = layer;
    return graph.add({ op: "conv2dOverResized", filter, bias: biasOf(layer, graph), padding }, inputs, shape);
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
    const operation = { op: "conv2d", filter, bias: biasOf(layer, graph), groups: 1, ...windowed(layer) } as const;
    return stockActivation(layer, graph.add(operation, inputs, shape), shape, graph);
  }),
  DepthwiseConv2D: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const filter = depthwiseFilterOf(layer.depthwiseKernel, graph.weights);
    const groups = layer.depthwiseKernel.shape[2]!;
    const operation = { op: "conv2d", filter, bias: biasOf(layer, graph), groups, ...windowed(layer) } as const;
    // TF.js takes a dilation here and computes without it.
    const y = graph.add({ ...operation, dilations: [1, 1] }, inputs, shape);
    return stockActivation(layer, y, shape, graph);
  }),
  SeparableConv2D: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const depthwise = depthwiseFilterOf(layer.depthwiseKernel, graph.weights);
    const groups = layer.depthwiseKernel.shape[2]!;
    const between = graph.add(
      { op: "conv2d", filter: depthwise, bias: undefined, groups, ...windowed(layer) },
      inputs,
      [...shape.slice(0, 3), depthwise.shape[0]!],
    );
    const filter = filterOf(layer.pointwiseKernel, graph.weights);
    const y = graph.add(
      { op: "conv2d", filter, bias: biasOf(layer, graph), groups: 1, ...POINTWISE },
      [between],
      shape,
    );
    return stockActivation(layer, y, shape, graph);
  }),
  Dense: lowering((layer: Stock<StockConv2D>, inputs, shape, graph) => {
    const kernel = filterOf(layer.kernel, graph.weights);
    const y = graph.add({ op: "dense", kernel, bias: biasOf(layer, graph) }, inputs, shape);
    return stockActivation(layer, y, shape, graph);
  }),
  BatchNormalization: lowering((layer: Stock<Normalization & { axis: number }>, inputs, shape, graph) => {
    if (layer.axis !== -1 && layer.axis !== shape.length - 1) {
      throw inexpressible(layer, `a batch norm over axis ${layer.axis}, which is not the last`);
    }
    return graph.add({ op: "affine", ...affineOf(layer, graph.weights) }, inputs, shape);
  }),
  Rescaling: lowering((layer: Stock<{ scale: number; offset: number }>, inputs, shape, graph) => {
    const channels = shape.at(-1);
    if (channels == null) throw inexpressible(layer, "a rescaling of an unknown number of channels");
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
    // TF.js has made unknown sizes null.
    const { targetShape } = layer;
    if (targetShape.filter((n) => n === null).length > 1) throw inexpressible(layer, "a reshape to two unknown sizes");
    return graph.add({ op: "reshape", shape: targetShape }, inputs, shape);
  }),
  Flatten: lowering((layer: Stock<{ dataFormat?: string }>, inputs, shape, graph) => {
    channelsLast(layer);
    return graph.add({ op: "reshape", shape: [null] }, inputs, shape);
  }),
  Dropout: unchanged,
  SpatialDropout1D: unchanged,
  AlphaDropout: unchanged,
  GaussianDropout: unchanged,
  GaussianNoise: unchanged,
};

/** TF.js aligns tensors of different ranks behind the batch: `[batch, channels]` counts as `[batch, 1, 1, channels]`. */
function arithmetic(kind: ArithmeticOperation["kind"]): Lowering {
  return lowering((_, inputs, shape, graph) => {
    const rank = Math.max(...inputs.map((id) => graph.shapeOf(id).length));
    const aligned = inputs.map((id) => {
      const [batch, ...own] = graph.shapeOf(id);
      const whole = [...Array(rank - 1 - own.length).fill(1), ...own];
      return whole.length === own.length ? id : graph.add({ op: "reshape", shape: whole }, [id], [batch!, ...whole]);
    });
    return graph.add({ op: "arithmetic", kind }, aligned, shape);
  });
}

function pooling(kind: "max" | "average"): Lowering {
  return lowering((layer: Stock<StockPool>, inputs, shape, graph) => {
    channelsLast(layer);
    const { poolSize: kernelSize, strides, padding } = layer;
    return graph.add(
      { op: "pool", kind, kernelSize, strides, padding: padding === "same" ? "same" : POINTWISE.padding },
      inputs,
      shape,
    );
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

/** How a convolution's window moves. */
type Moves = Pick<Conv2DOperation, "strides" | "padding" | "dilations">;

const POINTWISE: Moves = { strides: [1, 1], padding: [0, 0, 0, 0], dilations: [1, 1] };

function windowed(layer: Stock<Windowed>): Moves {
  channelsLast(layer);
  const { strides, padding, dilationRate } = layer;
  if (padding === "causal") throw inexpressible(layer, "a causal convolution");
  return { strides, padding: padding === "same" ? "same" : POINTWISE.padding, dilations: dilationRate };
}

const biasOf = ({ bias }: { bias?: tf.LayerVariable | null | undefined }, { weights }: GraphBuilder) =>
  bias ? vectorOf(bias, weights) : undefined;

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
