import type { Conv2DOperation, Edges, Operation, PointwiseFunction, PoolOperation } from "@seg/layers/inference-graph";
import { adaptiveAvgPool } from "./adaptive-pool.ts";
import { conv2dOverResized } from "./conv2d-over-resized.ts";
import type { Attributes, GraphWriter } from "./graph-writer.ts";
import { resizeTo } from "./sizes.ts";
import type { Layout, Tensors } from "./tensors.ts";

/** Writes one operation as ONNX nodes. */
export function emit(writer: GraphWriter, tensors: Tensors, operation: Operation): void {
  writer.begin(operation.name);
  const [name, layout] = write(writer, tensors, operation);
  tensors.set(operation.output, name, layout);
}

/** Gives the tensor and the layout that it is in. */
function write(writer: GraphWriter, tensors: Tensors, operation: Operation): [name: string, layout: Layout] {
  const { inputs, output } = operation;
  const x = inputs[0]!;
  const image = (name: string): [string, Layout] => [name, "nchw"];
  const plain = (name: string): [string, Layout] => [name, "nhwc"];
  /** For what works on an image with channels first as well as on any other tensor; gets the axis of the channels. */
  const areImages = [output, ...inputs].every((id) => tensors.isImage(id));
  const either = (run: (xs: string[], channels: number) => string) => {
    if (areImages)
      return image(
        run(
          inputs.map((id) => tensors.first(id)),
          1,
        ),
      );
    return plain(
      run(
        inputs.map((id) => tensors.last(id)),
        tensors.shape(output).length - 1,
      ),
    );
  };
  switch (operation.op) {
    case "conv2d":
      return image(conv2d(writer, tensors.first(x), operation));
    case "conv2dOverResized":
      return image(conv2dOverResized(writer, tensors, operation));
    case "dense": {
      const kernel = writer.weight("weight", operation.kernel);
      const bias = operation.bias && writer.weight("bias", operation.bias);
      if (tensors.shape(x).length === 2) {
        return plain(writer.add("Gemm", [tensors.last(x), kernel, ...(bias ? [bias] : [])], { transB: 1 }));
      }
      const product = writer.add("MatMul", [tensors.last(x), writer.add("Transpose", [kernel], { perm: [1, 0] })]);
      return plain(bias ? writer.add("Add", [product, bias]) : product);
    }
    case "affine":
      return either(([y]) => {
        const axes = areImages ? [operation.scale.shape[0]!, 1, 1] : operation.scale.shape;
        const scale = writer.weight("scale", { shape: axes, read: operation.scale.read });
        const offset = writer.weight("offset", { shape: axes, read: operation.offset.read });
        return writer.add("Add", [writer.add("Mul", [y!, scale]), offset]);
      });
    case "pool":
      return image(pool(writer, tensors.first(x), operation));
    case "globalPool": {
      const pooled = writer.add(operation.kind === "max" ? "GlobalMaxPool" : "GlobalAveragePool", [tensors.first(x)]);
      return plain(writer.add("Flatten", [pooled]));
    }
    case "adaptiveAvgPool":
      return image(adaptiveAvgPool(writer, tensors.first(x), operation.bins));
    case "resizeLike": {
      const size = writer.once("Shape", [tensors.first(inputs[1]!)], { start: 2, end: 4 });
      return image(resizeTo(writer, tensors.first(x), size));
    }
    case "upsample": {
      const scales = writer.floats([1, 1, ...operation.factors]);
      const mode: Attributes =
        operation.interpolation === "nearest" ? { mode: "nearest", nearest_mode: "floor" } : { mode: "linear" };
      const attributes = { ...mode, coordinate_transformation_mode: "asymmetric" };
      return image(writer.add("Resize", [tensors.first(x), "", scales], attributes));
    }
    case "arithmetic": {
      const { kind } = operation;
      if (kind === "maximum") return either((xs) => writer.add("Max", xs));
      if (kind === "minimum") return either((xs) => writer.add("Min", xs));
      return either(([first, ...others]) => {
        const opType = kind === "multiply" ? "Mul" : "Add";
        const all = others.reduce((sum, one) => writer.add(opType, [sum, one]), first!);
        return kind === "average" ? writer.add("Mul", [all, writer.floats([1 / inputs.length])]) : all;
      });
    }
    case "concat":
      return either((xs) => {
        const axis = areImages ? [0, 2, 3, 1][operation.axis]! : operation.axis;
        return writer.add("Concat", xs, { axis });
      });
    case "activation":
      return either(([y], channels) => activation(writer, y!, operation.function, channels));
    case "pad": {
      const [top, bottom, left, right] = operation.padding;
      return image(writer.add("Pad", [tensors.first(x), writer.ints([0, 0, top, left, 0, 0, bottom, right])]));
    }
    case "reshape": {
      // 0 keeps the batch, -1 follows from the rest.
      const shape = writer.ints([0, ...operation.shape.map((n) => n ?? -1)]);
      return plain(writer.add("Reshape", [tensors.last(x), shape]));
    }
  }
}

/** Padding in ONNX's order; for TensorFlow's `same` at stride 1 it is known beforehand. */
function padding(
  edges: Edges,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Attributes {
  if (edges !== "same") {
    const [top, bottom, left, right] = edges;
    return { pads: [top, left, bottom, right] };
  }
  if (strides.some((n) => n !== 1)) return { auto_pad: "SAME_UPPER" };
  const total = kernel.map((n, i) => (n - 1) * dilations[i]!);
  const before = total.map((n) => Math.floor(n / 2));
  return { pads: [...before, ...total.map((n, i) => n - before[i]!)] };
}

function conv2d(
  writer: GraphWriter,
  x: string,
  { filter, bias, strides, dilations, groups, ...operation }: Conv2DOperation,
): string {
  const kernel = filter.shape.slice(2);
  const inputs = [x, writer.weight("weight", filter), ...(bias ? [writer.weight("bias", bias)] : [])];
  return writer.add("Conv", inputs, {
    ...padding(operation.padding, kernel, strides, dilations),
    strides,
    dilations,
    group: groups,
    kernel_shape: kernel,
  });
}

function pool(writer: GraphWriter, x: string, { kind, kernelSize, strides, ...operation }: PoolOperation): string {
  const attributes = { ...padding(operation.padding, kernelSize, strides, [1, 1]), strides, kernel_shape: kernelSize };
  return writer.add(kind === "max" ? "MaxPool" : "AveragePool", [x], attributes);
}

function activation(writer: GraphWriter, x: string, fn: PointwiseFunction, channels: number): string {
  const clip = (min: number, max: number) =>
    writer.add("Clip", [x, writer.floats([min], []), writer.floats([max], [])]);
  switch (fn.kind) {
    case "relu":
      return writer.add("Relu", [x]);
    case "relu6":
      return clip(0, 6);
    case "clip":
      return clip(fn.min, fn.max);
    case "sigmoid":
      return writer.add("Sigmoid", [x]);
    case "tanh":
      return writer.add("Tanh", [x]);
    case "softplus":
      return writer.add("Softplus", [x]);
    case "softsign":
      return writer.add("Softsign", [x]);
    case "softmax":
      return writer.add("Softmax", [x], { axis: channels });
    case "swish":
      return writer.add("Mul", [x, writer.add("Sigmoid", [x])]);
    case "leakyRelu":
      return writer.add("LeakyRelu", [x], { alpha: { float: fn.alpha } });
    case "elu":
      return writer.add("Elu", [x], { alpha: { float: fn.alpha } });
    case "selu":
      return writer.add("Selu", [x], { alpha: { float: fn.alpha }, gamma: { float: fn.gamma } });
    case "hardSigmoid":
      return writer.add("HardSigmoid", [x], { alpha: { float: fn.alpha }, beta: { float: fn.beta } });
  }
}
