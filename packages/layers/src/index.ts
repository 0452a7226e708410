import "./register.ts";

export { LayersError, type LayersErrorCode } from "./errors.ts";
export type { FeatureInfo } from "./feature-info.ts";
export { type InferenceModel, inferenceModel } from "./inference.ts";
export type { ActivationName, Pair } from "./kernels/names.ts";
export { labelsOf } from "./labels/labels-of.ts";
export type { Labels, ScoreMap } from "./labels/score-map.ts";
export { ActivationLayer, activationLayer } from "./layers/activation.ts";
export { ChannelDropoutLayer, type ChannelDropoutOptions, channelDropoutLayer } from "./layers/channel-dropout.ts";
export { Conv2DLayer, type Conv2DLayerOptions, conv2dLayer } from "./layers/conv2d.ts";
export { Conv2DOverResizedLayer, conv2dOverResizedLayer } from "./layers/conv2d-over-resized.ts";
export type { LayerOptions, Shape } from "./layers/layer.ts";
export {
  AdaptiveAvgPool2DLayer,
  adaptiveAvgPool2dLayer,
  MaxPool2DLayer,
  maxPool2dLayer,
} from "./layers/pooling.ts";
export { ResizeLikeLayer, resizeLikeLayer } from "./layers/resize-like.ts";
export { layerSeed, type WeightOptions } from "./model-options.ts";
export { activate } from "./ops/activation.ts";
export { type Conv2DOptions, conv2d } from "./ops/conv2d.ts";
export { conv2dOverResized } from "./ops/conv2d-over-resized.ts";
export { pixelAccuracy, sparseCrossEntropy } from "./ops/cross-entropy.ts";
export { adaptiveAvgPool2d, type MaxPool2DOptions, maxPool2d } from "./ops/pooling.ts";
export { resizeBilinear } from "./ops/resize-bilinear.ts";
export { GroupedOptimizer, type ParameterGroup, type UpdateRule } from "./optimizer.ts";
export { type TrainingModel, trainingModel } from "./training.ts";
