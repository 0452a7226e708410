import { writeFileAtomic } from "@seg/node";
import { type OnnxTensorInfo, toOnnx } from "@seg/onnx";
import { exportMetadata, photoPreparation } from "./photo.ts";
import type { ExportedTensor } from "./result.ts";
import { withModel } from "./with-model.ts";
import { type WriteExport, writeChunks } from "./write-export.ts";

/** Writes a network as an ONNX file. */
export const writeOnnx: WriteExport = ({ path, config, classes, weights: files, options, signal }) =>
  withModel({ config, weights: files }, async (model, weights) => {
    const { layout, output, size, half, input } = options;
    const { mean, std, range, channels } = photoPreparation(config);
    const metadata = Object.entries(exportMetadata(config, classes)).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const file = toOnnx(model, {
      ...{ layout, output, size, half, weights },
      input: input === "rgb" ? { mean, std, range, channels } : "float32",
      metadata: Object.fromEntries(metadata),
      outputs: [0],
    });
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
    };
  });

const exportedTensor = ({ dtype, ...tensor }: OnnxTensorInfo): ExportedTensor => ({
  ...tensor,
  dtype: dtype === "float" ? "float32" : dtype,
});
