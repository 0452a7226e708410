export { OnnxError, type OnnxErrorCode, type OnnxErrorData } from "./errors.ts";
export {
  type OnnxEngine,
  type OnnxInferenceModel,
  type OnnxInferenceOptions,
  type OnnxSource,
  onnxInference,
} from "./inference/onnx-inference.ts";
export { type OnnxFile, type OnnxOptions, type OnnxTensorInfo, toOnnx } from "./to-onnx.ts";
export type { ImageInput, OutputKind, OutputSize } from "./write/model.ts";
export type { Layout } from "./write/tensors.ts";
