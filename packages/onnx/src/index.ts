export { OnnxError, type OnnxErrorCode, type OnnxErrorData } from "./errors.ts";
export {
  type OnnxEngine,
  type OnnxInferenceModel,
  type OnnxInferenceOptions,
  type OnnxSource,
  onnxInference,
} from "./inference/onnx-inference.ts";
export { type Calibration, type CalibrationOptions, calibrate } from "./quantize/calibrate.ts";
export type { Range } from "./quantize/steps.ts";
export { type Int8Options, toInt8Onnx } from "./quantize/to-int8-onnx.ts";
export { type OnnxFile, type OnnxOptions, type OnnxTensorInfo, toOnnx } from "./to-onnx.ts";
export type { ImageInput, OutputKind, OutputSize } from "./write/form.ts";
export type { Layout } from "./write/tensors.ts";
