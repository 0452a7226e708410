import * as tf from "@tensorflow/tfjs";
import { badOption } from "../errors.ts";
import { type ActivationName, FusedConv2D, type Pair } from "../kernels/names.ts";
import * as ops from "../ops/conv2d.ts";
import { pair } from "../ops/pair.ts";
import { outputSize } from "../window-size.ts";
import { firstShape, inputOf, type LayerArgs, ONE_IMAGE, type Shape, StrictLayer, seedOf } from "./layer.ts";
import { type ConstraintArg, type InitializerArg, type RegularizerArg, resolve, written } from "./weight-args.ts";

/** Options of {@link conv2d}. */
export interface Conv2DLayerArgs extends LayerArgs, ops.Conv2DOptions {
  /** Output channels, a multiple of `groups`. */
  filters: number;
  /** Height and width of the window. */
  kernelSize: number | Pair;
  /** Whether a bias is added. Default true. */
  useBias?: boolean;
  /** Standard deviation of the normal distribution that initializes the filter; 0 for zeros. Default sqrt(2 / fan-in), Kaiming-normal (He et al., 2015). */
  kernelStddev?: number | null;
  /** The bias is initialized uniformly from −limit to limit; 0 for zeros. Default 1 / sqrt(fan-in), PyTorch's. */
  biasLimit?: number | null;
  /** Seed of both. Default: another one each time. */
  seed?: number | null;
  /** In place of `kernelStddev` and `biasLimit`. */
  kernelInitializer?: InitializerArg;
  biasInitializer?: InitializerArg;
  /** Added to the loss by `model.fit` and by `trainingModel`. Default none. */
  kernelRegularizer?: RegularizerArg;
  biasRegularizer?: RegularizerArg;
  /** As in TF.js's layers. Default none. */
  kernelConstraint?: ConstraintArg;
  biasConstraint?: ConstraintArg;
}

const OWN = [
  ...[
    "filters",
    "kernelSize",
    "strides",
    "padding",
    "dilations",
    "groups",
    "useBias",
    "kernelStddev",
    "biasLimit",
    "seed",
  ],
  ...["kernelInitializer", "biasInitializer", "kernelRegularizer", "biasRegularizer"],
  ...["kernelConstraint", "biasConstraint"],
];

/**
 * The layer over the operation `conv2d`: weights `kernel` `[kh, kw, inChannels / groups, filters]` and `bias` `[filters]`.
 *
 * @example
 * ```ts
 * import { Conv2D, conv2d } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const model = tf.sequential({ layers: [conv2d({ inputShape: [8, 8, 4], filters: 6, kernelSize: 3, groups: 2 })] });
 * const [layer] = model.layers;
 * console.log(layer instanceof Conv2D && layer.groups); // 2
 * // Each group sees 4 / 2 channels.
 * console.log(layer?.getWeights()[0]?.shape); // [ 3, 3, 2, 6 ]
 * ```
 */
export class Conv2D extends StrictLayer {
  static className = "SegConv2D";
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Pair;
  readonly dilations: Pair;
  readonly groups: number;
  readonly useBias: boolean;
  private readonly start: { kernelStddev: number | null; biasLimit: number | null; seed: number | null };
  private readonly weightArgs;
  kernel?: tf.LayerVariable;
  bias?: tf.LayerVariable;

  constructor(args: Conv2DLayerArgs) {
    super(args, OWN);
    this.groups = positive("groups", args.groups ?? 1, 1);
    this.filters = positive("filters", args.filters, this.groups);
    this.kernelSize = pair("kernelSize", args.kernelSize, 1);
    this.strides = pair("strides", args.strides ?? 1, 1);
    this.padding = pair("padding", args.padding ?? 0, 0);
    this.dilations = pair("dilations", args.dilations ?? 1, 1);
    this.useBias = args.useBias ?? true;
    this.start = {
      kernelStddev: notNegative("kernelStddev", args.kernelStddev),
      biasLimit: notNegative("biasLimit", args.biasLimit),
      seed: seedOf(args.seed),
    };
    this.weightArgs = {
      kernelInitializer: resolve("initializer", "kernelInitializer", args.kernelInitializer),
      biasInitializer: resolve("initializer", "biasInitializer", args.biasInitializer),
      kernelRegularizer: resolve("regularizer", "kernelRegularizer", args.kernelRegularizer),
      biasRegularizer: resolve("regularizer", "biasRegularizer", args.biasRegularizer),
      kernelConstraint: resolve("constraint", "kernelConstraint", args.kernelConstraint),
      biasConstraint: resolve("constraint", "biasConstraint", args.biasConstraint),
    };
    for (const [own, stock] of [
      ["kernelStddev", "kernelInitializer"],
      ["biasLimit", "biasInitializer"],
    ] as const) {
      if (this.start[own] !== null && this.weightArgs[stock]) {
        throw badOption(stock, this.start[own], {
          expected: `${own} or ${stock}`,
          received: "both",
          hint: "leave one out",
        });
      }
    }
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = this.inputChannels(inputShape);
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as Shape[];
    if (shapes.some((shape) => shape[3] == null) || channels % this.groups !== 0) {
      this.refuseInputs(
        this.groups === 1 ? "a known number of channels" : `channels that ${this.groups} groups divide`,
        shapes.map((shape) => `[${shape.map((n) => n ?? "?")}]`).join(", "),
        shapes,
      );
    }
    const inPerGroup = channels / this.groups;
    const fanIn = inPerGroup * this.kernelSize[0] * this.kernelSize[1];
    const { kernelStddev, biasLimit, seed: given } = this.start;
    const seed = given ?? undefined;
    const stddev = kernelStddev ?? Math.sqrt(2 / fanIn);
    const limit = biasLimit ?? 1 / Math.sqrt(fanIn);
    const of = this.weightArgs;
    const normal = stddev ? tf.initializers.randomNormal({ mean: 0, stddev, seed }) : tf.initializers.zeros();
    const shape = [...this.kernelSize, inPerGroup, this.filters];
    const kernel = of.kernelInitializer ?? normal;
    this.kernel = this.addWeight("kernel", shape, "float32", kernel, of.kernelRegularizer, true, of.kernelConstraint);
    if (this.useBias) {
      const uniform = limit
        ? tf.initializers.randomUniform({ minval: -limit, maxval: limit, seed })
        : tf.initializers.zeros();
      const bias = of.biasInitializer ?? uniform;
      this.bias = this.addWeight("bias", [this.filters], "float32", bias, of.biasRegularizer, true, of.biasConstraint);
    }
    super.build(inputShape);
  }

  /** How many channels the filter looks at. */
  protected inputChannels(inputShape: Shape | Shape[]): number {
    return firstShape(inputShape)[3]!;
  }

  protected override get takes() {
    return ONE_IMAGE;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [batch, height, width] = firstShape(inputShape);
    const size = (n: number | null | undefined, i: 0 | 1) =>
      n == null ? null : outputSize(n, this.kernelSize[i], this.strides[i], this.padding[i], this.dilations[i]);
    return [batch!, size(height, 0), size(width, 1), this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const y = this.convolve(inputs, this.kernel!.read() as tf.Tensor4D);
      return this.bias ? tf.add(y, this.bias.read()) : y;
    });
  }

  /** The convolution alone, with another filter of the same shape. */
  protected convolve(inputs: tf.Tensor | tf.Tensor[], filter: tf.Tensor4D): tf.Tensor4D {
    const { strides, padding, dilations, groups } = this;
    return ops.conv2d(inputOf(inputs), filter, { strides, padding, dilations, groups });
  }

  /**
   * The pass of a trained network: convolution with a filter and bias that already hold the batch norm, and the activation, in
   * one kernel where the engine has it. There is no gradient.
   */
  infer(
    inputs: tf.Tensor | tf.Tensor[],
    filter: tf.Tensor4D,
    bias: tf.Tensor1D,
    activation?: ActivationName,
  ): tf.Tensor {
    const { strides, padding, dilations, groups } = this;
    const x = inputOf(inputs);
    ops.checkConv2d(x, filter, { strides, padding, dilations, groups });
    const attrs = { strides, padding, dilations, groups, activation: activation ?? "" };
    return tf.engine().runKernel(FusedConv2D, { x, filter, bias }, attrs) as tf.Tensor;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, strides, padding, dilations, groups, useBias, start, weightArgs } = this;
    return {
      ...super.getConfig(),
      ...{ filters, kernelSize, strides, padding, dilations, groups, useBias, ...start },
      ...written(weightArgs),
    } as unknown as tf.serialization.ConfigDict;
  }
}

function positive(option: string, value: number, step: number): number {
  if (Number.isInteger(value) && value > 0 && value % step === 0) return value;
  const expected =
    step === 1 ? `${option}: a whole number ≥ 1` : `${option}: a positive multiple of the ${step} groups`;
  throw badOption(option, value, { expected, received: `${value}` });
}

function notNegative(option: string, value: number | null | undefined): number | null {
  if (value == null || (typeof value === "number" && value >= 0 && Number.isFinite(value))) return value ?? null;
  throw badOption(option, value, { expected: `${option}: a number ≥ 0`, received: `${value}` });
}

tf.serialization.registerClass(Conv2D);

/**
 * A convolution layer with any stride, symmetric padding, dilation and groups.
 *
 * @see the operation `conv2d` of `@seg/layers/ops` for shapes, and PyTorch's `nn.Conv2d`.
 *
 * @example
 * ```ts
 * import { conv2d } from "@seg/layers";
 * import * as tf from "@tensorflow/tfjs";
 *
 * const layer = conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, padding: 2, dilations: 2 });
 * console.log(tf.sequential({ layers: [layer] }).outputs[0]?.shape); // [ null, 8, 8, 4 ]
 * ```
 */
export const conv2d = (args: Conv2DLayerArgs) => new Conv2D(args);
