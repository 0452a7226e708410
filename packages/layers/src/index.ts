import "./register.ts";

export { LayersError, type LayersErrorCode, type LayersErrorData } from "./errors.ts";
export type { FeatureInfo } from "./feature-info.ts";
export { type ArrayTensor, type InferenceModel, inferenceModel, type TensorInferenceModel } from "./inference.ts";
export type { ActivationName, Pair } from "./kernels/names.ts";
export { labelsOf } from "./labels/labels-of.ts";
export { probabilityRows } from "./labels/probability-rows.ts";
export type { Labels, ScoreMap } from "./labels/score-map.ts";
export { Activation, type ActivationLayerArgs, activation } from "./layers/activation.ts";
export { ChannelDropout, type ChannelDropoutLayerArgs, channelDropout } from "./layers/channel-dropout.ts";
export { Conv2D, type Conv2DLayerArgs, conv2d } from "./layers/conv2d.ts";
export { Conv2DOverResized, conv2dOverResized } from "./layers/conv2d-over-resized.ts";
export type { LayerArgs, LayerInputs, Shape } from "./layers/layer.ts";
export {
  AdaptiveAvgPool2D,
  type AdaptiveAvgPool2DLayerArgs,
  adaptiveAvgPool2d,
  MaxPool2D,
  type MaxPool2DLayerArgs,
  maxPool2d,
} from "./layers/pooling.ts";
export { ResizeLike, resizeLike } from "./layers/resize-like.ts";
export { SelectInput, type SelectInputLayerArgs, selectInput } from "./layers/select-input.ts";
export type { ConstraintArg, InitializerArg, RegularizerArg, SerializedArg } from "./layers/weight-args.ts";
export { layerSeed, type WeightOptions } from "./model-options.ts";
export { type PixelLossOptions, sparseCrossEntropy } from "./ops/cross-entropy.ts";
export {
  diceLoss,
  type FocalOptions,
  focalLoss,
  lovaszSoftmax,
  type OhemOptions,
  ohemCrossEntropy,
} from "./ops/losses.ts";
export { pixelAccuracy } from "./ops/pixel-accuracy.ts";
export {
  GroupedOptimizer,
  type GroupedOptimizerOptions,
  type NamedTensor,
  type ParameterGroup,
  type UpdateRule,
} from "./optimizer.ts";
export { type TrainingModel, trainingModel } from "./training.ts";
