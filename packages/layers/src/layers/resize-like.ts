import * as tf from "@tensorflow/tfjs";
import { resizeBilinear } from "../ops/resize-bilinear.ts";
import { type LayerArgs, type Shape, StrictLayer } from "./layer.ts";

/** Resizes its first input to the height and width of its second, bilinearly with half-pixel centres. */
export class ResizeLike extends StrictLayer {
  static className = "SegResizeLike";

  constructor(args: LayerArgs = {}) {
    super(args, []);
  }

  protected override get takes() {
    return { least: 2, rank: 4 };
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [x, like] = inputShape as [Shape, Shape];
    return [x[0]!, like[1]!, like[2]!, x[3]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x, like] = inputs as [tf.Tensor4D, tf.Tensor4D];
    return resizeBilinear(x, [like.shape[1], like.shape[2]]);
  }
}

tf.serialization.registerClass(ResizeLike);

/**
 * A layer applied to `[x, like]`: `x` `[batch, h, w, channels]` becomes `[batch, height of like, width of like, channels]`.
 *
 * @see `resizeBilinear`.
 */
export const resizeLike = (args: LayerArgs = {}) => new ResizeLike(args);
