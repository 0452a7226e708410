import { type ActivationName, activate, activationGrad } from "@seg/layers/custom";
import type * as tf from "@tensorflow/tfjs";

/** What follows a normalization: the residual is added, then the activation. Frees `y` and what comes between, for they are large. */
export function addResidual(y: tf.Tensor, residual: tf.Tensor | undefined, activation: ActivationName | ""): tf.Tensor {
  let last = y;
  const next = (tensor: tf.Tensor) => {
    last.dispose();
    last = tensor;
  };
  if (residual) next(last.add(residual));
  if (activation) next(activate(last, activation));
  return last;
}

/** The gradient of a normalization's output, from that of what follows it. */
export const residualGrad = ({ dy, y }: tf.NamedTensorMap, activation: ActivationName | ""): tf.Tensor =>
  activation ? activationGrad(dy!, y!, activation) : dy!.clone();
