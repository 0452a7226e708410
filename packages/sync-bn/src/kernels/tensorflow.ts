/** Batch normalization by TensorFlow's fused op, for the native engine. */
import * as tf from "@tensorflow/tfjs";
import { BatchNorm, BatchNormActivation, type BatchNormAttrs, BatchNormGrad } from "../kernel-names.ts";
import * as composed from "./composed.ts";

type Attr = { name: string; type: number; value: unknown };

interface NativeBackend {
  binding: Record<"TF_ATTR_TYPE" | "TF_ATTR_FLOAT" | "TF_ATTR_STRING" | "TF_ATTR_BOOL" | "TF_FLOAT", number>;
  executeSingleOutput(name: string, attrs: Attr[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(name: string, attrs: Attr[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}

const fusedAttrs = ({ binding }: NativeBackend, epsilon: number): Attr[] => [
  { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
  { name: "U", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
  { name: "epsilon", type: binding.TF_ATTR_FLOAT, value: epsilon },
  { name: "data_format", type: binding.TF_ATTR_STRING, value: "NHWC" },
  { name: "is_training", type: binding.TF_ATTR_BOOL, value: true },
];

const typeAttr = ({ binding }: NativeBackend): Attr[] => [
  { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];

/** Any channels-last tensor as [1, 1, pixels, channels], which is the same memory. */
const flat = (x: tf.Tensor) => x.reshape([1, 1, -1, x.shape[x.rank - 1]!]);

function batchNorm(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, beta, residual } = inputs as Record<"x" | "gamma" | "beta", tf.Tensor> & { residual?: tf.Tensor };
  // Given an empty mean and variance the op computes them; its variance is the unbiased one.
  const none = tf.tensor1d([]);
  const [normalized, mean, variance, saved1, saved2, saved3] = backend.executeMultipleOutputs(
    "FusedBatchNormV3",
    fusedAttrs(backend, attrs.epsilon),
    [flat(x), gamma, beta, none, none],
    6,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  let y = normalized.reshape(x.shape);
  normalized.dispose();
  const next = (tensor: tf.Tensor) => {
    y.dispose();
    y = tensor;
  };
  if (residual) next(y.add(residual));
  if (attrs.activation) {
    next(backend.executeSingleOutput(attrs.activation === "relu" ? "Relu" : "Relu6", typeAttr(backend), [y]));
  }
  return [y, mean, variance, saved1, saved2, saved3];
}

function batchNormGrad(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormAttrs): tf.Tensor[] {
  const { x, y, gamma, saved1, saved2, saved3 } = inputs as Record<string, tf.Tensor>;
  const dy = attrs.activation
    ? backend.executeSingleOutput(attrs.activation === "relu" ? "ReluGrad" : "Relu6Grad", typeAttr(backend), [
        inputs.dy!,
        y!,
      ])
    : inputs.dy!.clone();
  const [dx, dGamma, dBeta] = backend.executeMultipleOutputs(
    "FusedBatchNormGradV3",
    fusedAttrs(backend, attrs.epsilon),
    [flat(dy), flat(x!), gamma!, saved1!, saved2!, saved3!],
    5,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return [dx.reshape(x!.shape), dGamma, dBeta, dy];
}

/** Registers the native kernels. */
export function registerTensorflowKernels(): void {
  for (const [kernelName, fused, stock] of [
    [BatchNorm, batchNorm, composed.batchNorm],
    [BatchNormActivation, batchNorm, composed.batchNorm],
    [BatchNormGrad, batchNormGrad, composed.batchNormGrad],
  ] as const) {
    tf.registerKernel({
      kernelName,
      backendName: "tensorflow",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const named = inputs as unknown as tf.NamedTensorMap;
        const options = attrs as BatchNormAttrs;
        return tf.tidy(() =>
          // The fused op knows no other way to use eps.
          options.epsMode === "add" ? fused(backend as NativeBackend, named, options) : stock(named, options),
        );
      },
    });
  }
}
