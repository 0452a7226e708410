import * as tf from "@tensorflow/tfjs";
import {
  Activation,
  ActivationGrad,
  AdaptiveAvgPool2D,
  AdaptiveAvgPool2DGrad,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  InterpolatedConv2D,
  InterpolatedConv2DGrad,
  LOSSES,
  MaxPool2D,
  MaxPool2DGrad,
  ResizeBilinear,
  ResizeBilinearGrad,
} from "./kernels/names.ts";

const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap) =>
  tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor;

const inputSize = (shape: number[]) => [shape[1]!, shape[2]!];

/** Registers the gradient of each kernel, for all engines at once. */
export function registerGradients(): void {
  tf.registerGradient({
    kernelName: Conv2D,
    inputsToSave: ["x", "filter"],
    gradFunc: (dy, [x, filter], attrs) => ({
      x: () => run(Conv2DBackpropInput, { dy: dy as tf.Tensor, filter: filter! }, { ...attrs, inputShape: x!.shape }),
      filter: () => run(Conv2DBackpropFilter, { x: x!, dy: dy as tf.Tensor }, { ...attrs, filterShape: filter!.shape }),
    }),
  });
  for (const [kernelName, backward] of [
    [ResizeBilinear, ResizeBilinearGrad],
    [AdaptiveAvgPool2D, AdaptiveAvgPool2DGrad],
  ] as const) {
    tf.registerGradient({
      kernelName,
      // Of the input only the shape is needed; TF.js has no lighter way to hand it over.
      inputsToSave: ["x"],
      gradFunc: (dy, [x]) => ({ x: () => run(backward, { dy: dy as tf.Tensor }, { inputSize: inputSize(x!.shape) }) }),
    });
  }
  tf.registerGradient({
    kernelName: InterpolatedConv2D,
    inputsToSave: ["x", "filter"],
    gradFunc: (dy, [x, filter], attrs) => {
      const inputs = { dy: dy as tf.Tensor, x: x!, filter: filter! };
      const [dx, dFilter] = tf.engine().runKernel(InterpolatedConv2DGrad, inputs, attrs) as tf.Tensor[];
      return { x: () => dx!, filter: () => dFilter!, onto: () => inputs.dy.clone() };
    },
  });
  tf.registerGradient({
    kernelName: MaxPool2D,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, [x, y], attrs) => ({
      x: () => run(MaxPool2DGrad, { x: x!, y: y!, dy: dy as tf.Tensor }, attrs),
    }),
  });
  tf.registerGradient({
    kernelName: Activation,
    // The output alone decides, so the input need not stay in memory.
    outputsToSave: [true],
    gradFunc: (dy, [y], attrs) => ({ x: () => run(ActivationGrad, { dy: dy as tf.Tensor, y: y! }, attrs) }),
  });
  for (const kernelName of LOSSES) {
    tf.registerGradient({
      kernelName,
      // The forward pass has the gradient at hand; keeping it spares a second softmax.
      outputsToSave: [false, true],
      gradFunc: (dys, [gradient]) => ({ scores: () => gradient!.mul((dys as tf.Tensor[])[0]!) }),
    });
  }
}
