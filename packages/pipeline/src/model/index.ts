export { type DescribeOnnxOptions, describeOnnxRuntime, type OnnxReport } from "./describe-onnx-runtime.ts";
export { NETWORK_PROOF, networkProof } from "./engine-proof.ts";
export {
  AUTO_INFERENCE,
  INFERENCE_ENGINE_NAMES,
  type InferenceEngineInfo,
  type InferenceEngineName,
} from "./inference-engine.ts";
export { loadNetwork } from "./load.ts";
export type { OnnxProbe } from "./onnx-probe-main.ts";
export { buildSegmentationModel, halvesOf, type SegmentationModelOptions } from "./segmentation-model.ts";
