import * as tf from "@tensorflow/tfjs";
import { LayersError } from "../errors.ts";
import { inputOf, type LayerOptions, type Shape, single } from "./layer.ts";

/** Options of {@link channelDropoutLayer}. */
export interface ChannelDropoutOptions extends LayerOptions {
  /** Share of channels set to zero, in [0, 1). */
  rate: number;
  /** Seed of the first draw; the following ones continue from it. Default: another one each time. */
  seed?: number;
}

/** Sets whole channels of an image to zero in training, and scales the others up by 1 / (1 − rate). */
export class ChannelDropoutLayer extends tf.layers.Layer {
  static className = "SegChannelDropout";
  readonly rate: number;
  private readonly firstSeed: number | undefined;
  /** The seed of the next draw, so that a run can be saved and continued. */
  nextSeed: number | undefined;

  constructor(options: ChannelDropoutOptions) {
    super(options);
    if (!(options.rate >= 0 && options.rate < 1)) {
      throw new LayersError("option", `Expected a dropout rate in [0, 1) but received ${options.rate}.`);
    }
    this.rate = options.rate;
    this.firstSeed = options.seed;
    this.nextSeed = options.seed;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return single(inputShape);
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

tf.serialization.registerClass(ChannelDropoutLayer);

/**
 * Dropout of whole channels, PyTorch's `nn.Dropout2d`.
 *
 * @see Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015.
 */
export const channelDropoutLayer = (options: ChannelDropoutOptions) => new ChannelDropoutLayer(options);
