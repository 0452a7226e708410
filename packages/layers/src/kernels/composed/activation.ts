import * as tf from "@tensorflow/tfjs";
import { Activation, type ActivationName } from "../names.ts";
import { composedKernel } from "./kernel.ts";

/** `relu` or `relu6`. */
export const activate = <T extends tf.Tensor>(x: T, activation: ActivationName): T =>
  activation === "relu" ? tf.relu(x) : tf.relu6(x);

export const activationConfig = composedKernel(Activation, ({ x }, attrs) =>
  activate(x!, attrs.activation as ActivationName),
);
