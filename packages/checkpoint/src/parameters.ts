import type * as tf from "@tensorflow/tfjs";
import { elementCount, gather, rowMajorStrides } from "./strides.ts";

/** A variable of a model, and the tensor of a state dict that it corresponds to. */
export interface Parameter {
  /** PyTorch's name: the layer's name, a dot, and PyTorch's parameter name. */
  readonly name: string;
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  readonly variable: tf.LayerVariable;
  /** PyTorch's values in the variable's order. */
  toVariable(values: ArrayLike<number>): Float32Array;
  /** The variable's values in PyTorch's order. */
  fromVariable(values: ArrayLike<number>): Float32Array;
}

const PYTORCH_NAMES: Readonly<Record<string, string>> = {
  kernel: "weight",
  depthwise_kernel: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  movingMean: "running_mean",
  runningMean: "running_mean",
  moving_variance: "running_var",
  movingVariance: "running_var",
  runningVar: "running_var",
};

/** How PyTorch orders the axes of a variable. */
interface Layout {
  /** For each of PyTorch's axes, the variable's axis. */
  readonly order: readonly number[];
  /** PyTorch's shape. */
  readonly shape: readonly number[];
}

function layoutOf(kind: string, shape: readonly number[]): Layout {
  const axes = shape.map((_, axis) => axis);
  const spatial = axes.slice(0, -2);
  const [inputs, outputs] = axes.slice(-2) as [number, number];
  if (kind === "kernel" && shape.length >= 2) {
    // HWIO to OIHW; for dense layers [in, out] to [out, in].
    const order = [outputs, inputs, ...spatial];
    return { order, shape: order.map((axis) => shape[axis]!) };
  }
  if (kind === "depthwise_kernel") {
    // [height, width, channels, multiplier] to [channels · multiplier, 1, height, width].
    return {
      order: [inputs, outputs, ...spatial],
      shape: [shape[inputs]! * shape[outputs]!, 1, ...spatial.map((axis) => shape[axis]!)],
    };
  }
  return { order: axes, shape };
}

function parameterOf(layer: string, variable: tf.LayerVariable): Parameter {
  // TF.js names a variable `layer/kernel`, the second of that name `layer/kernel_1`; originalName lacks the number.
  const kind = variable.originalName.split("/").at(-1)!;
  const shape = variable.shape as number[];
  const layout = layoutOf(kind, shape);
  const strides = rowMajorStrides(shape);
  const torchShape = layout.order.map((axis) => shape[axis]!);
  const torchStrides = rowMajorStrides(torchShape);
  const inverseStrides = shape.map((_, axis) => torchStrides[layout.order.indexOf(axis)]!);
  const count = elementCount(shape);
  return {
    name: `${layer}.${PYTORCH_NAMES[kind] ?? kind}`,
    shape: layout.shape,
    variable,
    toVariable: (values) => gather<number, Float32Array>(values, new Float32Array(count), shape, inverseStrides),
    fromVariable: (values) =>
      gather<number, Float32Array>(
        values,
        new Float32Array(count),
        torchShape,
        layout.order.map((axis) => strides[axis]!),
      ),
  };
}

/** All variables of a model, those of nested models included, in the layers' order. */
export function parametersOf(model: tf.LayersModel): Parameter[] {
  return model.layers.flatMap((layer) =>
    "layers" in layer
      ? parametersOf(layer as tf.LayersModel)
      : layer.weights.map((variable) => parameterOf(layer.name, variable)),
  );
}
