import * as tf from "@tensorflow/tfjs";
import { badOption } from "../errors.ts";
import { firstShape, inputOf, type LayerArgs, ONE_IMAGE, type Shape, StrictLayer, seedOf } from "./layer.ts";

/** Options of {@link channelDropout}. */
export interface ChannelDropoutLayerArgs extends LayerArgs {
  /** Share of channels set to zero, in [0, 1). */
  rate: number;
  /** Seed of the first draw; the following ones continue from it. Default: another one each time. */
  seed?: number;
}

/**
 * Sets whole channels of an image to zero in training, and scales the others up by 1 / (1 − rate).
 *
 * @example
 * ```ts
 * import { ChannelDropout } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const layer = new ChannelDropout({ rate: 0.1, seed: 7 });
 * layer.apply(tf.ones([1, 4, 4, 3]), { training: true });
 * // Saved with a training, and set when it goes on, it makes the next draw the same.
 * console.log(layer.nextSeed); // 8
 * ```
 */
export class ChannelDropout extends StrictLayer {
  static className = "SegChannelDropout";
  readonly rate: number;
  private readonly firstSeed: number | undefined;
  /** The seed of the next draw, so that a run can be saved and continued. */
  nextSeed: number | undefined;

  constructor(args: ChannelDropoutLayerArgs) {
    super(args, ["rate", "seed"]);
    if (!(typeof args.rate === "number" && args.rate >= 0 && args.rate < 1)) {
      throw badOption("rate", args.rate, { expected: "a dropout rate in [0, 1)", received: `${args.rate}` });
    }
    this.rate = args.rate;
    this.firstSeed = seedOf(args.seed) ?? undefined;
    this.nextSeed = this.firstSeed;
  }

  protected override get takes() {
    return ONE_IMAGE;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return firstShape(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean } = {}): tf.Tensor {
    const x = inputOf(inputs);
    if (!training || this.rate === 0) return x.clone();
    return tf.tidy(() => {
      const drawn = tf.randomUniform([x.shape[0], 1, 1, x.shape[3]], 0, 1, "float32", this.nextSeed);
      if (this.nextSeed !== undefined) this.nextSeed++;
      return x.mul(
        drawn
          .greaterEqual(this.rate)
          .toFloat()
          .mul(1 / (1 - this.rate)),
      );
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.rate, ...(this.firstSeed === undefined ? {} : { seed: this.firstSeed }) };
  }
}

tf.serialization.registerClass(ChannelDropout);

/**
 * Dropout of whole channels, PyTorch's `nn.Dropout2d`.
 *
 * @see Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015.
 *
 * @example
 * ```ts
 * import { channelDropout } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const layer = channelDropout({ rate: 0.5, seed: 1 });
 * const x = tf.ones([1, 1, 1, 100]);
 * // Those that stay are scaled by 1 / (1 - 0.5).
 * const trained = layer.apply(x, { training: true }) as tf.Tensor;
 * console.log([...new Set(trained.dataSync())].sort()); // [ 0, 2 ]
 * const used = layer.apply(x) as tf.Tensor;
 * console.log([...new Set(used.dataSync())]); // [ 1 ]
 * ```
 */
export const channelDropout = (args: ChannelDropoutLayerArgs) => new ChannelDropout(args);
