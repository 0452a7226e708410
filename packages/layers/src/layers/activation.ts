import * as tf from "@tensorflow/tfjs";
import { oneOf } from "../errors.ts";
import { ACTIVATIONS, type ActivationName } from "../kernels/names.ts";
import { activate } from "../ops/activation.ts";
import { firstShape, inputOf, type LayerArgs, type Shape, StrictLayer } from "./layer.ts";

/** Options of {@link activation}. */
export interface ActivationLayerArgs extends LayerArgs {
  activation: ActivationName;
}

/**
 * The layer over `activate`.
 *
 * @example
 * ```ts
 * import { Activation } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const y = new Activation({ activation: "relu6" }).apply(tf.tensor1d([-1, 3, 9])) as tf.Tensor;
 * console.log(y.dataSync().join(" ")); // 0 3 6
 * ```
 */
export class Activation extends StrictLayer {
  static className = "SegActivation";
  readonly activation: ActivationName;

  constructor(args: ActivationLayerArgs) {
    super(args, ["activation"]);
    this.activation = oneOf("activation", args.activation, ACTIVATIONS);
  }

  protected override get takes() {
    return { least: 1 };
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return firstShape(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return activate(inputOf(inputs), this.activation);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), activation: this.activation };
  }
}

tf.serialization.registerClass(Activation);

/**
 * A `relu` or `relu6` layer that keeps only its output for the gradient. @see `activate`.
 *
 * @example
 * ```ts
 * import { activation } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [activation({ inputShape: [3], activation: "relu" })] });
 * console.log((model.predict(tf.tensor2d([[-1, 3, 9]])) as tf.Tensor).dataSync().join(" ")); // 0 3 9
 * ```
 */
export const activation = (args: ActivationLayerArgs) => new Activation(args);
