import type { Group } from "@seg/collectives/single";
import {
  ACTIVATIONS,
  type ActivationName,
  activate,
  type ConstraintArg,
  firstShape,
  type InitializerArg,
  type LayerArgs,
  oneOf,
  type RegularizerArg,
  resolve,
  type Shape,
  StrictLayer,
  written,
} from "@seg/layers/custom";
import * as tf from "@tensorflow/tfjs";
import { batchNormTrain } from "./batch-norm.ts";
import { optionError, SyncBatchNormError } from "./errors.ts";
import { EPS_MODES, type EpsMode } from "./kernels/names.ts";
import { debiasedShare, moveTowards, RUNNING_AVERAGES, type RunningAverage } from "./running-average.ts";

/** Options of {@link batchNormalization}. */
export interface BatchNormalizationLayerArgs extends LayerArgs {
  /** The axis of the channels: the last, as −1 or by its number. Default −1. */
  axis?: number;
  /** Added to the variance for numerical stability. Default 1e-5. */
  epsilon?: number;
  /** How training uses epsilon; inference always adds it. Default `max` in a group of two or more, else `add`. */
  epsMode?: EpsMode | null;
  /**
   * Share of the new statistics in the running ones, PyTorch's sense: running ← (1 − momentum)·running + momentum·new. It is 1 − the
   * momentum of `tf.layers.batchNormalization`. Default 0.1, or 0.001 with debiased averages.
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
  /** As in TF.js's layers. Default ones for γ and the variance, zeros for β and the mean. */
  gammaInitializer?: InitializerArg;
  betaInitializer?: InitializerArg;
  movingMeanInitializer?: InitializerArg;
  movingVarianceInitializer?: InitializerArg;
  /** Added to the loss by `model.fit` and by `trainingModel` of `@seg/layers`. Default none. */
  gammaRegularizer?: RegularizerArg;
  betaRegularizer?: RegularizerArg;
  /** As in TF.js's layers. Default none. */
  gammaConstraint?: ConstraintArg;
  betaConstraint?: ConstraintArg;
}

const OWN = [
  ...["axis", "epsilon", "epsMode", "momentum", "runningAverage", "scale", "center", "activation", "frozen"],
  ...["gammaInitializer", "betaInitializer", "movingMeanInitializer", "movingVarianceInitializer"],
  ...["gammaRegularizer", "betaRegularizer", "gammaConstraint", "betaConstraint"],
];

/**
 * Batch normalization over all axes but the last, with PyTorch's numbers. Applied to `[x, residual]` it adds the residual
 * before the activation, in the same pass. With a {@link group} its statistics in training are those of all replicas.
 *
 * Weights: `gamma`, `beta`, `moving_mean`, `moving_variance` (unbiased), each `[channels]`; with debiased averages also
 * `running_iter`, `[1]`.
 *
 * @example
 * ```ts
 * import { BatchNormalization } from "@seg/sync-bn";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const layer = new BatchNormalization({ momentum: 0.1 });
 * // Mean 1, biased variance 1, unbiased variance 2.
 * const y = layer.apply(tf.tensor2d([[0], [2]]), { training: true }) as tf.Tensor;
 * console.log([...y.dataSync()].map((value) => value.toFixed(2)).join(" ")); // -1.00 1.00
 * console.log(layer.movingMean?.read().dataSync()[0]?.toFixed(2)); // 0.10
 * console.log(layer.movingVariance?.read().dataSync()[0]?.toFixed(2)); // 1.10
 * ```
 */
export class BatchNormalization extends StrictLayer {
  static className = "SegBatchNormalization";
  readonly axis: number;
  readonly epsilon: number;
  readonly epsMode: EpsMode | null;
  readonly momentum: number;
  readonly runningAverage: RunningAverage;
  readonly scale: boolean;
  readonly center: boolean;
  readonly activation: ActivationName | null;
  /** See {@link BatchNormalizationLayerArgs.frozen}. */
  frozen: boolean;
  /** The replicas to share statistics with in training; see `attachGroup`. It is not saved with the layer. Default: none. */
  group?: Group | undefined;
  gamma?: tf.LayerVariable;
  beta?: tf.LayerVariable;
  movingMean?: tf.LayerVariable;
  movingVariance?: tf.LayerVariable;
  private runningWeights?: tf.LayerVariable;
  private readonly weightArgs;

  constructor(args: BatchNormalizationLayerArgs = {}) {
    super(args, OWN, optionError);
    // Like tf.layers': a mask goes on to the next layer, the statistics take no notice of it.
    this.supportsMasking = true;
    this.axis = args.axis ?? -1;
    this.epsilon = args.epsilon ?? 1e-5;
    this.epsMode = args.epsMode == null ? null : oneOf("epsMode", args.epsMode, EPS_MODES, optionError);
    this.runningAverage = oneOf("runningAverage", args.runningAverage ?? "exponential", RUNNING_AVERAGES, optionError);
    this.momentum = args.momentum ?? (this.runningAverage === "debiased" ? 0.001 : 0.1);
    this.scale = args.scale ?? true;
    this.center = args.center ?? true;
    this.activation = args.activation == null ? null : oneOf("activation", args.activation, ACTIVATIONS, optionError);
    this.frozen = args.frozen ?? false;
    const of = <
      Kind extends "initializer" | "regularizer" | "constraint",
      Option extends keyof BatchNormalizationLayerArgs,
    >(
      kind: Kind,
      option: Option,
    ) => resolve(kind, option, args[option] as Parameters<typeof resolve<Kind>>[2], optionError);
    this.weightArgs = {
      gammaInitializer: of("initializer", "gammaInitializer"),
      betaInitializer: of("initializer", "betaInitializer"),
      movingMeanInitializer: of("initializer", "movingMeanInitializer"),
      movingVarianceInitializer: of("initializer", "movingVarianceInitializer"),
      gammaRegularizer: of("regularizer", "gammaRegularizer"),
      betaRegularizer: of("regularizer", "betaRegularizer"),
      gammaConstraint: of("constraint", "gammaConstraint"),
      betaConstraint: of("constraint", "betaConstraint"),
    };
    if (!(typeof this.momentum === "number" && this.momentum >= 0 && this.momentum <= 1)) {
      throw badOption(
        "momentum",
        "a momentum in [0, 1] (the share of the new statistics, as in PyTorch)",
        args.momentum,
      );
    }
    if (!(typeof this.epsilon === "number" && this.epsilon > 0))
      throw badOption("epsilon", "epsilon > 0", args.epsilon);
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = firstShape(inputShape);
    const channels = shape[shape.length - 1];
    if (shape.length < 2 || channels == null) {
      const received = shape.map((n) => n ?? "?");
      throw new SyncBatchNormError(
        "shape",
        { expected: "an input of rank ≥ 2 whose last dimension is known", received: `[${received}]` },
        { data: { layer: this.name, received: shape } },
      );
    }
    if (this.axis !== -1 && this.axis !== shape.length - 1) {
      throw badOption("axis", `an axis of −1 or ${shape.length - 1}, the last, for ${this.name}`, this.axis);
    }
    const of = this.weightArgs;
    const [ones, zeros] = [tf.initializers.ones(), tf.initializers.zeros()];
    const add = (name: string, initializer: typeof ones, size = channels) =>
      this.addWeight(name, [size], "float32", initializer, undefined, false);
    if (this.scale) {
      const initializer = of.gammaInitializer ?? ones;
      const { gammaRegularizer, gammaConstraint } = of;
      this.gamma = this.addWeight("gamma", [channels], "float32", initializer, gammaRegularizer, true, gammaConstraint);
    }
    if (this.center) {
      const initializer = of.betaInitializer ?? zeros;
      const { betaRegularizer, betaConstraint } = of;
      this.beta = this.addWeight("beta", [channels], "float32", initializer, betaRegularizer, true, betaConstraint);
    }
    this.movingMean = add("moving_mean", of.movingMeanInitializer ?? zeros);
    this.movingVariance = add("moving_variance", of.movingVarianceInitializer ?? ones);
    if (this.runningAverage === "debiased") this.runningWeights = add("running_iter", ones, 1);
    super.build(inputShape);
  }

  protected override get takes() {
    return { least: 1, most: 2 };
  }

  protected override assertInputCompatibility(
    inputs: Parameters<StrictLayer["call"]>[0] | tf.SymbolicTensor | tf.SymbolicTensor[],
  ): void {
    super.assertInputCompatibility(inputs as tf.Tensor[]);
    const [shape, residual] = [inputs].flat().map((input) => input.shape as Shape) as [Shape, Shape?];
    const channels = this.movingMean?.shape[0];
    if (channels !== undefined && shape.at(-1) !== channels) {
      this.refuseInputs(`${channels} channels`, `[${shape}]`, [shape]);
    }
    const fits = (n: number | null, i: number) => n == null || shape[i] == null || n === shape[i];
    if (residual && !(residual.length === shape.length && residual.every(fits))) {
      this.refuseInputs(`a residual [${shape.map((n) => n ?? "?")}]`, `[${residual.map((n) => n ?? "?")}]`, [
        shape,
        residual,
      ]);
    }
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
    return this.activation ? activate(y, this.activation) : y;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { axis, epsilon, epsMode, momentum, runningAverage, scale, center, activation, frozen } = this;
    return {
      ...super.getConfig(),
      ...(axis === -1 ? {} : { axis }),
      ...{ epsilon, epsMode, momentum, runningAverage, scale, center, activation, frozen },
      ...written(this.weightArgs),
    } as tf.serialization.ConfigDict;
  }
}

function badOption(option: string, expected: string, received: unknown, hint?: string): SyncBatchNormError {
  const line = { expected, received: `${received}`, ...(hint && { hint }) };
  return new SyncBatchNormError("option", line, { data: { option, received } });
}

tf.serialization.registerClass(BatchNormalization);

/**
 * A batch normalization layer with PyTorch's numbers, to use where `tf.layers.batchNormalization` would stand. Its momentum is the other way
 * round: what is 0.99 there is 0.01 here. So that nobody mistakes one for the other, momenta above 0.5 are refused here;
 * `new BatchNormalization` takes them.
 *
 * @throws {SyncBatchNormError} `option` for an option that there is not (with the nearest name), or one out of its range.
 * @see PyTorch's `nn.BatchNorm2d`.
 *
 * @example
 * ```ts
 * import { batchNormalization } from "@seg/sync-bn";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [batchNormalization({ inputShape: [1], momentum: 0.1 })] });
 * // Running statistics begin with a mean of 0 and a variance of 1.
 * console.log((model.predict(tf.tensor2d([[3]])) as tf.Tensor).dataSync()[0]?.toFixed(2)); // 3.00
 * ```
 */
export function batchNormalization(args: BatchNormalizationLayerArgs = {}): BatchNormalization {
  const { momentum } = args;
  if (momentum !== undefined && momentum > 0.5 && momentum <= 1) {
    throw badOption(
      "momentum",
      "a momentum of at most 0.5 (the share of the new statistics, as in PyTorch)",
      momentum,
      `write ${Number((1 - momentum).toPrecision(12))} for tf.layers' momentum ${momentum}, or new BatchNormalization if you mean it`,
    );
  }
  return new BatchNormalization(args);
}
