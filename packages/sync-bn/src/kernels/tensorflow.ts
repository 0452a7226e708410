/** Batch normalization by TensorFlow's fused op, for the native engine. */
import * as tf from "@tensorflow/tfjs";
import {
  type ActivationName,
  BatchNorm,
  BatchNormActivation,
  BatchNormApply,
  BatchNormApplyActivation,
  type BatchNormApplyAttrs,
  type BatchNormAttrs,
  BatchNormGrad,
  BatchNormStatistics,
  BatchNormSums,
} from "../kernel-names.ts";
import * as composed from "./composed.ts";

type Attr = { name: string; type: number; value: unknown };

interface NativeBackend {
  binding: Record<"TF_ATTR_TYPE" | "TF_ATTR_FLOAT" | "TF_ATTR_STRING" | "TF_ATTR_BOOL" | "TF_FLOAT", number>;
  executeSingleOutput(name: string, attrs: Attr[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(name: string, attrs: Attr[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}

const fusedAttrs = ({ binding }: NativeBackend, epsilon: number, isTraining = true): Attr[] => [
  { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
  { name: "U", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
  { name: "epsilon", type: binding.TF_ATTR_FLOAT, value: epsilon },
  { name: "data_format", type: binding.TF_ATTR_STRING, value: "NHWC" },
  { name: "is_training", type: binding.TF_ATTR_BOOL, value: isTraining },
];

const typeAttr = ({ binding }: NativeBackend): Attr[] => [
  { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];

/** Images as they are; any other channels-last tensor as [1, 1, pixels, channels], which is the same memory. */
const asImages = (x: tf.Tensor) => (x.rank === 4 ? x : x.reshape([1, 1, -1, x.shape[x.rank - 1]!]));

/** In the shape that it had before. */
const asBefore = (y: tf.Tensor, shape: number[]) => (shape.length === 4 ? y : y.reshape(shape));

function batchNorm(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, beta, residual } = inputs as Record<"x" | "gamma" | "beta", tf.Tensor> & { residual?: tf.Tensor };
  // Given an empty mean and variance the op computes them; its variance is the unbiased one.
  const none = tf.tensor1d([]);
  const [normalized, mean, variance, saved1, saved2, saved3] = backend.executeMultipleOutputs(
    "FusedBatchNormV3",
    fusedAttrs(backend, attrs.epsilon),
    [asImages(x), gamma, beta, none, none],
    6,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return [finish(backend, normalized, x.shape, residual, attrs.activation), mean, variance, saved1, saved2, saved3];
}

/** The residual and the activation after a normalization, in x's shape; frees what it reads, for it is large. */
function finish(
  backend: NativeBackend,
  normalized: tf.Tensor,
  shape: number[],
  residual: tf.Tensor | undefined,
  activation: ActivationName | "",
): tf.Tensor {
  let y = asBefore(normalized, shape);
  if (y !== normalized) normalized.dispose();
  const next = (tensor: tf.Tensor) => {
    y.dispose();
    y = tensor;
  };
  if (residual) next(y.add(residual));
  if (activation) next(backend.executeSingleOutput(activation === "relu" ? "Relu" : "Relu6", typeAttr(backend), [y]));
  return y;
}

function throughActivation(
  backend: NativeBackend,
  { dy, y }: tf.NamedTensorMap,
  activation: ActivationName | "",
): tf.Tensor {
  if (!activation) return dy!.clone();
  return backend.executeSingleOutput(activation === "relu" ? "ReluGrad" : "Relu6Grad", typeAttr(backend), [dy!, y!]);
}

function batchNormGrad(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormAttrs): tf.Tensor[] {
  const { x, gamma, saved1, saved2, saved3 } = inputs as Record<string, tf.Tensor>;
  const dy = throughActivation(backend, inputs, attrs.activation);
  const [dx, dGamma, dBeta] = backend.executeMultipleOutputs(
    "FusedBatchNormGradV3",
    fusedAttrs(backend, attrs.epsilon),
    [asImages(dy), asImages(x!), gamma!, saved1!, saved2!, saved3!],
    5,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return [asBefore(dx, x!.shape), dGamma, dBeta, dy];
}

/** The fused op in training makes the statistics faster than any means and sums do, although it writes an output that nobody reads. */
function statistics(backend: NativeBackend, { x }: tf.NamedTensorMap): tf.Tensor[] {
  const zeros = tf.zeros([x!.shape[x!.rank - 1]!]);
  const none = tf.tensor1d([]);
  const [unread, mean, variance] = backend.executeMultipleOutputs(
    "FusedBatchNormV3",
    fusedAttrs(backend, 1),
    [asImages(x!), zeros, zeros, none, none],
    6,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  unread.dispose();
  return [mean, variance];
}

function apply(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormApplyAttrs): tf.Tensor {
  const { x, gamma, beta, mean, variance, residual } = inputs as Record<string, tf.Tensor>;
  if (x!.size === 0) return x!.clone();
  const [normalized] = backend.executeMultipleOutputs(
    "FusedBatchNormV3",
    fusedAttrs(backend, attrs.epsilon, false),
    [asImages(x!), gamma!, beta!, mean!, variance!],
    6,
  );
  return finish(backend, normalized!, x!.shape, residual, attrs.activation);
}

/** What the gradient op gives for statistics that do not depend on x. */
function sums(backend: NativeBackend, inputs: tf.NamedTensorMap, attrs: BatchNormApplyAttrs): tf.Tensor[] {
  const { x, gamma, mean, variance } = inputs as Record<string, tf.Tensor>;
  const dy = throughActivation(backend, inputs, attrs.activation);
  const [scaled, dGamma, dBeta] = backend.executeMultipleOutputs(
    "FusedBatchNormGradV3",
    fusedAttrs(backend, attrs.epsilon, false),
    [asImages(dy), asImages(x!), gamma!, mean!, variance!, tf.tensor1d([])],
    5,
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return [asBefore(scaled, x!.shape), dGamma, dBeta, dy];
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
  for (const [kernelName, run] of [
    [BatchNormStatistics, statistics],
    [BatchNormApply, apply],
    [BatchNormApplyActivation, apply],
    [BatchNormSums, sums],
  ] as const) {
    tf.registerKernel({
      kernelName,
      backendName: "tensorflow",
      kernelFunc: ({ inputs, attrs, backend }) =>
        tf.tidy(() =>
          run(backend as NativeBackend, inputs as unknown as tf.NamedTensorMap, attrs as BatchNormApplyAttrs),
        ),
    });
  }
}
