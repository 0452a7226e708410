import * as tf from "@tensorflow/tfjs";
import { pair } from "../ops/pair.ts";
import { type LayerArgs, type Shape, StrictLayer } from "./layer.ts";

/** Options of {@link selectInput}. */
export interface SelectInputLayerArgs extends LayerArgs {
  /** Which one, from 0. */
  index: number;
}

/**
 * Gives one of its inputs. `inferenceModel` and `trainingModel` leave it out, so that the others do not stay in memory for it.
 *
 * @example
 * ```ts
 * import { SelectInput } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const y = new SelectInput({ index: 1 }).apply([tf.tensor1d([1, 2]), tf.tensor1d([3, 4])]) as tf.Tensor;
 * console.log(y.dataSync().join(" ")); // 3 4
 * ```
 */
export class SelectInput extends StrictLayer {
  static className = "SegSelectInput";
  readonly index: number;

  constructor(args: SelectInputLayerArgs) {
    super(args, ["index"]);
    [this.index] = pair("index", args.index, 0);
  }

  protected override get takes() {
    return { least: Math.max(2, this.index + 1), most: Number.POSITIVE_INFINITY };
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return (inputShape as Shape[])[this.index]!;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return (inputs as tf.Tensor[])[this.index]!.clone();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), index: this.index };
  }
}

tf.serialization.registerClass(SelectInput);

/**
 * A layer that gives one of several inputs. A model that does not need all of its inputs applies it to all of them, because TF.js leaves out
 * of a saved model the inputs that no layer takes.
 *
 * @example
 * ```ts
 * import { selectInput } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // A decoder that takes all features of an encoder and uses the last ones.
 * const features = [64, 128].map((channels) => tf.input({ shape: [8, 8, channels] }));
 * const last = selectInput({ index: 1 }).apply(features) as tf.SymbolicTensor;
 * const model = tf.model({ inputs: features, outputs: last });
 * console.log(model.inputs.length, last.shape); // 2 [ null, 8, 8, 128 ]
 * ```
 */
export const selectInput = (args: SelectInputLayerArgs) => new SelectInput(args);
