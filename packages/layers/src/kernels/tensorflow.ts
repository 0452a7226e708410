/**
 * Kernels for the native engine (tfjs-node and tfjs-node-gpu), each a call of TensorFlow's own op with the attributes that
 * TF.js never passes on.
 */
import * as tf from "@tensorflow/tfjs";
import {
  Activation,
  ActivationGrad,
  type ActivationName,
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  FusedConv2D,
  MaxPool2D,
  MaxPool2DGrad,
  type Pair,
  type Pool2DAttrs,
  ResizeBilinear,
  ResizeBilinearGrad,
  SparseCrossEntropy,
} from "../kernel-names.ts";

type Attr = { name: string; type: number; value: unknown };

/** The part of tfjs-node's backend that runs any TensorFlow op. */
interface NativeBackend {
  binding: Record<"TF_ATTR_TYPE" | "TF_ATTR_INT" | "TF_ATTR_STRING" | "TF_ATTR_BOOL" | "TF_FLOAT" | "TF_INT32", number>;
  isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attrs: Attr[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(name: string, attrs: Attr[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}

const native = (backend: unknown) => backend as NativeBackend;

function execute(backend: unknown, op: string, attrs: Record<string, unknown>, inputs: tf.Tensor[]): tf.Tensor {
  const { binding } = native(backend);
  const list: Attr[] = [{ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }];
  for (const [name, value] of Object.entries(attrs)) {
    const type =
      typeof value === "string"
        ? binding.TF_ATTR_STRING
        : typeof value === "boolean"
          ? binding.TF_ATTR_BOOL
          : binding.TF_ATTR_INT;
    list.push({ name, type, value });
  }
  return native(backend).executeSingleOutput(op, list, inputs);
}

const shapeTensor = (shape: number[]) => tf.tensor1d(shape, "int32");

interface Window {
  /** Attributes for TensorFlow's convolution and pooling ops. */
  attrs: Record<string, unknown>;
  /** Whether the input must be padded by hand before the op runs. */
  padFirst: boolean;
}

/**
 * How TensorFlow is told of a symmetric padding. SAME equals it at stride 1 and needs no padded copy, whatever the dilation;
 * EXPLICIT is refused together with dilation or groups, so there the input is padded first.
 */
function convWindow(kernel: Pair, { strides, padding, dilations, groups }: Conv2DAttrs): Window {
  const same = kernel.every((k, i) => strides[i] === 1 && 2 * padding[i]! === dilations[i]! * (k - 1));
  const none = padding[0] === 0 && padding[1] === 0;
  const explicit = !same && !none && groups === 1 && dilations[0] === 1 && dilations[1] === 1;
  return {
    padFirst: !same && !none && !explicit,
    attrs: {
      data_format: "NHWC",
      strides: [1, ...strides, 1],
      dilations: [1, ...dilations, 1],
      ...(explicit ? explicitPadding(padding) : { padding: same ? "SAME" : "VALID" }),
    },
  };
}

const explicitPadding = ([h, w]: Pair) => ({ padding: "EXPLICIT", explicit_paddings: [0, 0, h, h, w, w, 0, 0] });

const pad = (x: tf.Tensor4D, [h, w]: Pair) =>
  tf.pad(x, [
    [0, 0],
    [h, h],
    [w, w],
    [0, 0],
  ]);

const kernelOf = (filterShape: number[]): Pair => [filterShape[0]!, filterShape[1]!];

/** A depthwise filter [kh, kw, 1, C] in TensorFlow's order [kh, kw, C, 1], which is the same memory. */
const depthwiseFilter = (filter: tf.Tensor4D) =>
  filter.reshape([filter.shape[0], filter.shape[1], filter.shape[3], 1]) as tf.Tensor4D;

const isPointwise = ([height, width]: number[], { strides, padding, groups }: Conv2DAttrs) =>
  groups === 1 && [height, width, ...strides].every((n) => n === 1) && padding[0] === 0 && padding[1] === 0;

const isDepthwise = (filterShape: number[], groups: number) =>
  groups > 1 && filterShape[2] === 1 && filterShape[3] === groups;

function conv2d(backend: unknown, x: tf.Tensor4D, filter: tf.Tensor4D, attrs: Conv2DAttrs): tf.Tensor4D {
  // On the CPU, Conv2D's 1×1 sums depend on the number of threads; those of a matrix product, as fast, do not.
  if (isPointwise(filter.shape, attrs) && !native(backend).isUsingGpuDevice) {
    return execute(backend, "BatchMatMulV2", { adj_x: false, adj_y: false }, [x, filter]) as tf.Tensor4D;
  }
  const window = convWindow(kernelOf(filter.shape), attrs);
  const input = window.padFirst ? pad(x, attrs.padding) : x;
  const y = isDepthwise(filter.shape, attrs.groups)
    ? execute(backend, "DepthwiseConv2dNative", window.attrs, [input, depthwiseFilter(filter)])
    : execute(backend, "Conv2D", window.attrs, [input, filter]);
  return y as tf.Tensor4D;
}

/** The same convolution of `x` with padding 0: the input gradient's and filter gradient's ops take what was padded. */
const paddedShape = (shape: number[], [h, w]: Pair) => [shape[0]!, shape[1]! + 2 * h, shape[2]! + 2 * w, shape[3]!];

function conv2dBackpropInput(
  backend: unknown,
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attrs: Conv2DAttrs,
  inputShape: number[],
): tf.Tensor {
  const window = convWindow(kernelOf(filter.shape), attrs);
  const depthwise = isDepthwise(filter.shape, attrs.groups);
  if (
    depthwise &&
    attrs.strides[0] === 1 &&
    attrs.strides[1] === 1 &&
    !window.padFirst &&
    window.attrs.padding === "SAME"
  ) {
    // The transpose of a stride-1 SAME depthwise convolution is one with the flipped filter; it takes dilation, which
    // TensorFlow's own backward op refuses.
    return conv2d(backend, dy, tf.reverse(filter, [0, 1]), attrs);
  }
  const shape = window.padFirst ? paddedShape(inputShape, attrs.padding) : inputShape;
  const dilated = attrs.dilations[0] > 1 || attrs.dilations[1] > 1;
  const dx =
    depthwise && !dilated
      ? execute(backend, "DepthwiseConv2dNativeBackpropInput", window.attrs, [
          shapeTensor(shape),
          depthwiseFilter(filter),
          dy,
        ])
      : execute(backend, "Conv2DBackpropInput", window.attrs, [shapeTensor(shape), filter, dy]);
  return window.padFirst ? dx.slice([0, attrs.padding[0], attrs.padding[1], 0], inputShape) : dx;
}

function conv2dBackpropFilter(
  backend: unknown,
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  attrs: Conv2DAttrs,
  filterShape: number[],
): tf.Tensor {
  const window = convWindow(kernelOf(filterShape), attrs);
  const input = window.padFirst ? pad(x, attrs.padding) : x;
  const dilated = attrs.dilations[0] > 1 || attrs.dilations[1] > 1;
  if (isDepthwise(filterShape, attrs.groups) && !dilated) {
    const [kh, kw, , channels] = filterShape as [number, number, number, number];
    const shape = shapeTensor([kh, kw, channels, 1]);
    return execute(backend, "DepthwiseConv2dNativeBackpropFilter", window.attrs, [input, shape, dy]).reshape(
      filterShape,
    );
  }
  return execute(backend, "Conv2DBackpropFilter", window.attrs, [input, shapeTensor(filterShape), dy]);
}

/** The mean loss over labelled pixels, and its gradient, by TensorFlow's fused op. */
function sparseCrossEntropy(backend: unknown, scores: tf.Tensor, labels: tf.Tensor): tf.Tensor[] {
  const { binding } = native(backend);
  const classes = scores.shape[scores.rank - 1]!;
  const valid = labels.greaterEqual(0).toFloat().flatten();
  const weight = valid.div(valid.sum().maximum(1));
  const [losses, gradient] = native(backend).executeMultipleOutputs(
    "SparseSoftmaxCrossEntropyWithLogits",
    [
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: "Tlabels", type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    ],
    // The op takes no label outside the classes; ignored pixels get a weight of 0 instead.
    [scores.reshape([-1, classes]), labels.flatten().maximum(0).toInt()],
    2,
  ) as [tf.Tensor, tf.Tensor];
  return [losses.mul(weight).sum(), gradient.mul(weight.expandDims(1)).reshape(scores.shape)];
}

const activationOp: Record<ActivationName, string> = { relu: "Relu", relu6: "Relu6" };

function register(
  kernelName: string,
  run: (inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap, backend: unknown) => tf.Tensor | tf.Tensor[],
): void {
  tf.registerKernel({
    kernelName,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs, backend }) =>
      tf.tidy(() => run(inputs as unknown as tf.NamedTensorMap, attrs ?? {}, backend)),
  });
}

const four = (tensor: tf.Tensor | undefined) => tensor as tf.Tensor4D;

/** Registers this package's kernels for the native engine. */
export function registerTensorflowKernels(): void {
  register(Conv2D, ({ x, filter }, attrs, backend) => conv2d(backend, four(x), four(filter), attrs as Conv2DAttrs));
  register(Conv2DBackpropInput, ({ dy, filter }, attrs, backend) =>
    conv2dBackpropInput(backend, four(dy), four(filter), attrs as Conv2DAttrs, attrs.inputShape as number[]),
  );
  register(Conv2DBackpropFilter, ({ x, dy }, attrs, backend) =>
    conv2dBackpropFilter(backend, four(x), four(dy), attrs as Conv2DAttrs, attrs.filterShape as number[]),
  );
  register(FusedConv2D, ({ x, filter, bias }, attrs, backend) => {
    const y = conv2d(backend, four(x), four(filter), attrs as Conv2DAttrs);
    const biased = execute(backend, "BiasAdd", { data_format: "NHWC" }, [y, bias!]);
    y.dispose();
    if (!attrs.activation) return biased;
    const activated = execute(backend, activationOp[attrs.activation as ActivationName], {}, [biased]);
    biased.dispose();
    return activated;
  });
  register(ResizeBilinear, ({ x }, attrs, backend) =>
    execute(backend, "ResizeBilinear", { align_corners: false, half_pixel_centers: true }, [
      x!,
      shapeTensor(attrs.size as number[]),
    ]),
  );
  register(ResizeBilinearGrad, ({ dy }, attrs, backend) => {
    const [height, width] = attrs.inputSize as Pair;
    // The op reads only the shape of the image that was resized.
    const original = tf.zeros([dy!.shape[0]!, height, width, dy!.shape[3]!]);
    return execute(backend, "ResizeBilinearGrad", { align_corners: false, half_pixel_centers: true }, [dy!, original]);
  });
  const poolAttrs = ({ kernelSize, strides, padding }: Pool2DAttrs) => ({
    data_format: "NHWC",
    ksize: [1, ...kernelSize, 1],
    strides: [1, ...strides, 1],
    ...(padding[0] || padding[1] ? explicitPadding(padding) : { padding: "VALID" }),
  });
  register(MaxPool2D, ({ x }, attrs, backend) => execute(backend, "MaxPool", poolAttrs(attrs as Pool2DAttrs), [x!]));
  register(MaxPool2DGrad, ({ x, y, dy }, attrs, backend) =>
    execute(backend, "MaxPoolGrad", poolAttrs(attrs as Pool2DAttrs), [x!, y!, dy!]),
  );
  register(SparseCrossEntropy, ({ scores, labels }, _attrs, backend) => sparseCrossEntropy(backend, scores!, labels!));
  register(Activation, ({ x }, attrs, backend) =>
    execute(backend, activationOp[attrs.activation as ActivationName], {}, [x!]),
  );
  register(ActivationGrad, ({ dy, y }, attrs, backend) =>
    // Both ops test 0 < y (and y < 6), which holds for the output where it holds for the input.
    execute(backend, `${activationOp[attrs.activation as ActivationName]}Grad`, {}, [dy!, y!]),
  );
}
