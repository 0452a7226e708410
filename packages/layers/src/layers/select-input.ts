import * as tf from "@tensorflow/tfjs";
import { pair } from "../ops/pair.ts";
import { type LayerArgs, type Shape, StrictLayer } from "./layer.ts";

/** Options of {@link selectInput}. */
export interface SelectInputLayerArgs extends LayerArgs {
  /** Which one, from 0. */
  index: number;
}

/** Gives one of its inputs. `inferenceModel` and `trainingModel` leave it out, so that the others do not stay in memory for it. */
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
 */
export const selectInput = (args: SelectInputLayerArgs) => new SelectInput(args);
