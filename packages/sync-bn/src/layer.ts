import type { Group } from "@seg/collectives";
import * as tf from "@tensorflow/tfjs";
import { batchNormTrain } from "./batch-norm.ts";
import { SyncBatchNormError } from "./errors.ts";
import type { ActivationName, EpsMode } from "./kernel-names.ts";
import { debiasedShare, moveTowards, type RunningAverage } from "./running-average.ts";

/** Options of {@link batchNormalization}. */
export interface BatchNormalizationOptions {
  /** The layer's name. */
  name?: string;
  /** Whether γ and β are trained. Default true. */
  trainable?: boolean;
  /** Added to the variance for numerical stability, or its lower bound; see `epsMode`. Default 1e-5. */
  epsilon?: number;
  /** How training uses epsilon; inference always adds it. Default `max` in a group of two or more, else `add`. */
  epsMode?: EpsMode | null;
  /**
   * Share of the new statistics in the running ones, PyTorch's sense: running ← (1 − momentum)·running + momentum·new.
   * Default 0.1, or 0.001 with debiased averages.
   */
  momentum?: number;
  /**
   * `exponential`, the default, or `debiased`, the original's multi-GPU way: Σ (1 − momentum)^age·statistics / Σ (1 − momentum)^age,
   * the start counting as one step. On one GPU it was measured to ruin evaluation. The second sum is a weight of its own, `running_iter`.
   */
  runningAverage?: RunningAverage;
  /** Whether the layer has a γ. Default true. */
  scale?: boolean;
  /** Whether the layer has a β. Default true. */
  center?: boolean;
  /** `relu` or `relu6` after normalization, in the same pass. Default none. */
  activation?: ActivationName | null;
  /** With true the running statistics are used in training too, and stay as they are. Default false. */
  frozen?: boolean;
}

/** A shape whose unknown dimensions are null. */
export type Shape = (number | null)[];

/**
 * Batch normalization over all axes but the last, with PyTorch's numbers. Applied to `[x, residual]` it adds the residual
 * before the activation, in the same pass. With a {@link group} its statistics in training are those of all replicas.
 *
 * Weights: `gamma`, `beta`, `moving_mean`, `moving_variance` (unbiased), each `[channels]`; with debiased averages also
 * `running_iter`, `[1]`.
 */
export class BatchNormalization extends tf.layers.Layer {
  static className = "SegBatchNormalization";
  readonly epsilon: number;
  readonly epsMode: EpsMode | null;
  readonly momentum: number;
  readonly runningAverage: RunningAverage;
  readonly scale: boolean;
  readonly center: boolean;
  readonly activation: ActivationName | null;
  /** See {@link BatchNormalizationOptions.frozen}. */
  frozen: boolean;
  /** The replicas to share statistics with in training; see `attachGroup`. It is not saved with the layer. Default: none. */
  group?: Group | undefined;
  gamma?: tf.LayerVariable;
  beta?: tf.LayerVariable;
  movingMean?: tf.LayerVariable;
  movingVariance?: tf.LayerVariable;
  private runningWeights?: tf.LayerVariable;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options as ConstructorParameters<typeof tf.layers.Layer>[0]);
    // Like tf.layers': a mask goes on to the next layer, the statistics take no notice of it.
    this.supportsMasking = true;
    this.epsilon = options.epsilon ?? 1e-5;
    this.epsMode = options.epsMode ?? null;
    this.runningAverage = options.runningAverage ?? "exponential";
    this.momentum = options.momentum ?? (this.runningAverage === "debiased" ? 0.001 : 0.1);
    this.scale = options.scale ?? true;
    this.center = options.center ?? true;
    this.activation = options.activation ?? null;
    this.frozen = options.frozen ?? false;
    if (!(this.momentum >= 0 && this.momentum <= 1)) {
      throw new SyncBatchNormError(
        "option",
        `Expected a momentum in [0, 1] (the share of the new statistics, as in PyTorch) but received ${this.momentum}.`,
      );
    }
    if (!(this.epsilon > 0)) {
      throw new SyncBatchNormError("option", `Expected epsilon > 0 but received ${this.epsilon}.`);
    }
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = firstShape(inputShape);
    const channels = shape[shape.length - 1];
    if (shape.length < 2 || channels == null) {
      throw new SyncBatchNormError(
        "shape",
        `Expected an input of rank ≥ 2 whose last dimension is known but received [${shape.map((n) => n ?? "?")}].`,
      );
    }
    const add = (name: string, initializer: "ones" | "zeros", trainable: boolean, size = channels) =>
      this.addWeight(name, [size], "float32", tf.initializers[initializer](), undefined, trainable);
    if (this.scale) this.gamma = add("gamma", "ones", true);
    if (this.center) this.beta = add("beta", "zeros", true);
    this.movingMean = add("moving_mean", "zeros", false);
    this.movingVariance = add("moving_variance", "ones", false);
    if (this.runningAverage === "debiased") this.runningWeights = add("running_iter", "ones", false, 1);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return firstShape(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean } = {}): tf.Tensor {
    const [x, residual] = (Array.isArray(inputs) ? inputs : [inputs]) as [tf.Tensor, tf.Tensor?];
    return tf.tidy(() => (training && !this.frozen ? this.train(x, residual) : this.infer(x, residual)));
  }

  /** γ/σ and β − μγ/σ of the running statistics, each `[channels]`: the layer at inference is x·scale + offset. The caller disposes both. */
  asAffine(): { scale: tf.Tensor1D; offset: tf.Tensor1D } {
    return tf.tidy(() => {
      const inverse = tf.rsqrt(this.movingVariance!.read().add(this.epsilon));
      const scale = this.gamma ? inverse.mul(this.gamma.read()) : inverse;
      const shift = this.movingMean!.read().mul(scale).neg();
      return { scale, offset: this.beta ? shift.add(this.beta.read()) : shift };
    }) as unknown as { scale: tf.Tensor1D; offset: tf.Tensor1D };
  }

  private train(x: tf.Tensor, residual?: tf.Tensor): tf.Tensor {
    const { epsilon, epsMode, activation, group } = this;
    const channels = x.shape[x.rank - 1]!;
    const gamma = this.gamma?.read() ?? tf.ones([channels]);
    const beta = this.beta?.read() ?? tf.zeros([channels]);
    const { y, mean, variance } = batchNormTrain(x, gamma, beta, {
      epsilon,
      epsMode: epsMode ?? undefined,
      activation: activation ?? undefined,
      group,
      ...(residual && { residual }),
    });
    const share = this.runningWeights ? debiasedShare(this.runningWeights, this.momentum) : this.momentum;
    moveTowards(this.movingMean!, mean, share);
    moveTowards(this.movingVariance!, variance, share);
    return y;
  }

  private infer(x: tf.Tensor, residual?: tf.Tensor): tf.Tensor {
    const { scale, offset } = this.asAffine();
    let y: tf.Tensor = x.mul(scale).add(offset);
    if (residual) y = y.add(residual);
    if (!this.activation) return y;
    return this.activation === "relu" ? y.relu() : tf.relu6(y);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { epsilon, epsMode, momentum, runningAverage, scale, center, activation, frozen } = this;
    return { ...super.getConfig(), epsilon, epsMode, momentum, runningAverage, scale, center, activation, frozen };
  }
}

const firstShape = (shape: Shape | Shape[]) => (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

tf.serialization.registerClass(BatchNormalization);

/**
 * A batch normalization layer with PyTorch's numbers, to use where `tf.layers.batchNormalization` would stand.
 *
 * @see PyTorch's `nn.BatchNorm2d`.
 */
export const batchNormalization = (options: BatchNormalizationOptions = {}) => new BatchNormalization(options);
