export { explainClassCount } from "./model/explain-class-count.ts";
export { describeBeginning, type Loading, loadHalf, readHalf, type Use } from "./model/fit.ts";
export { loadNetwork, unloadedModel } from "./model/load.ts";
export { labelsOfScores, type PredictOptions, predictLabels, predictScores } from "./model/predict-labels.ts";
export { type InputOptions, networkInputs, SINGLE_SCALE, scaleOptions } from "./model/scales.ts";
export { buildSegmentationModel, halvesOf, type SegmentationModelOptions } from "./model/segmentation-model.ts";
export { type AtWork, explainMemory, halved } from "./out-of-memory.ts";
export { type Network, Segmenter, type SegmenterParts, type SegmentOptions } from "./segmenter.ts";
