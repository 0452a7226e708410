import { writeFileAtomic } from "@seg/node";
import { type OnnxOptions, type OnnxTensorInfo, toInt8Onnx, toOnnx } from "@seg/onnx";
import { withUnreadWeights } from "../model/load.ts";
import { calibrationOf, compareWithInt8 } from "./int8.ts";
import { exportMetadata, photoPreparation } from "./photo.ts";
import type { ExportedTensor } from "./result.ts";
import { type WriteExport, writeChunks } from "./write-export.ts";

/** Writes a network as an ONNX file. */
export const writeOnnx: WriteExport = (job) =>
  withUnreadWeights(job.config, job.weights, async (model, weights) => {
    const { path, config, classes, options, signal } = job;
    const { layout, output, size, half, input } = options;
    const { mean, std, range, channels } = photoPreparation(config);
    const metadata = Object.entries(exportMetadata(config, classes)).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const form: OnnxOptions = {
      ...{ layout, output, size, weights },
      input: input === "rgb" ? { mean, std, range, channels } : "float32",
      metadata: Object.fromEntries(metadata),
      outputs: [0],
    };
    const calibration = options.int8 ? await calibrationOf(model, weights, job) : undefined;
    const int8 = calibration && (await compareWithInt8(model, weights, calibration, job));
    const file = calibration ? toInt8Onnx(model, calibration, form) : toOnnx(model, { ...form, half });
    await writeFileAtomic(
      path,
      async (handle) => {
        await writeChunks(handle, file.chunks(), signal);
      },
      { flush: true },
    );
    const { inputs, outputs } = file.signature;
    return {
      files: [{ path, bytes: file.byteLength }],
      inputs: inputs.map(exportedTensor),
      outputs: outputs.map(exportedTensor),
      ...(int8 && { int8 }),
    };
  });

const exportedTensor = ({ dtype, ...tensor }: OnnxTensorInfo): ExportedTensor => ({
  ...tensor,
  dtype: dtype === "float" ? "float32" : dtype,
});
