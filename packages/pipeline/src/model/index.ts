export { buildSegmentationModel, halvesOf, loadNetwork, type SegmentationModelOptions } from "@seg/segmenter";
export { networkProof } from "@seg/segmenter/proof";
export { type DescribeOnnxOptions, describeOnnxRuntime, type OnnxReport } from "./describe-onnx-runtime.ts";
export { NETWORK_PROOF } from "./engine-proof.ts";
export {
  AUTO_INFERENCE,
  INFERENCE_ENGINE_NAMES,
  type InferenceEngineInfo,
  type InferenceEngineName,
} from "./inference-engine.ts";
export type { OnnxProbe } from "./onnx-probe-main.ts";
