import * as tf from "@tensorflow/tfjs";
import { resizeBilinear } from "../ops/resize-bilinear.ts";
import { type LayerArgs, type Shape, StrictLayer } from "./layer.ts";

/**
 * Resizes its first input to the height and width of its second, bilinearly with half-pixel centres.
 *
 * @example
 * ```ts
 * import { ResizeLike } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const resized = new ResizeLike().apply([tf.fill([1, 2, 2, 1], 7), tf.zeros([1, 3, 5, 8])]) as tf.Tensor;
 * console.log(resized.shape, resized.max().dataSync()[0]); // [ 1, 3, 5, 1 ] 7
 * ```
 */
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
 *
 * @example
 * ```ts
 * import { resizeLike } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * // Deep features brought to the size of shallow ones, whatever the photo's size is.
 * const [deep, shallow] = [tf.input({ shape: [null, null, 512] }), tf.input({ shape: [null, null, 64] })];
 * const model = tf.model({ inputs: [deep, shallow], outputs: resizeLike().apply([deep, shallow]) as tf.SymbolicTensor });
 * const y = model.predict([tf.zeros([1, 2, 3, 512]), tf.zeros([1, 4, 6, 64])]) as tf.Tensor;
 * console.log(y.shape); // [ 1, 4, 6, 512 ]
 * ```
 */
export const resizeLike = (args: LayerArgs = {}) => new ResizeLike(args);
