import { join } from "node:path";
import { type TensorInfo, toGraphModel } from "@seg/graph-model";
import { writeFolderAtomic } from "@seg/node";
import { withUnreadWeights } from "../model/load.ts";
import { badOption } from "./options.ts";
import { exportMetadata, photoPreparation } from "./photo.ts";
import type { ExportedFile, ExportedTensor } from "./result.ts";
import { type WriteExport, writeNewFile } from "./write-export.ts";

/** Writes a network as a folder with a TensorFlow.js graph model. */
export const writeTfjs: WriteExport = async ({ path, config, classes, weights: files, options, signal }) => {
  const { output, half, input } = options;
  const { mean, std, range, channels } = photoPreparation(config);
  if (input === "rgb" && channels === "bgr") {
    throw badOption("input", input, "input float32 for a network that takes BGR", "leave it out, or export to onnx");
  }
  return withUnreadWeights(config, files, async (model, weights) => {
    const graph = toGraphModel(model, {
      ...{ output, half, weights },
      normalize: input === "rgb" ? { mean, std, scale: range / 255 } : undefined,
      metadata: exportMetadata(config, classes),
      outputs: [0],
    });
    const written: ExportedFile[] = [];
    await writeFolderAtomic(path, async (folder) => {
      for (const { name, chunks } of graph.files()) {
        const { bytes } = await writeNewFile(join(folder, name), chunks, signal);
        written.push({ path: join(path, name), bytes });
      }
    });
    const { inputs, outputs } = graph.modelJson.signature;
    const ofInput = output === "labels" || output === "probabilities";
    return {
      files: written,
      inputs: Object.entries(inputs).map(([name, tensor]) => exportedTensor(name, tensor, ["height", "width"])),
      outputs: Object.entries(outputs).map(([name, tensor]) =>
        exportedTensor(name, tensor, ofInput ? ["height", "width"] : [`${name}_height`, `${name}_width`]),
      ),
    };
  });
};

/** @param sides - what the free height and width are called. */
function exportedTensor(name: string, { dtype, tensorShape }: TensorInfo, sides: readonly string[]): ExportedTensor {
  const axes = ["batch", ...sides];
  const shape = tensorShape.dim.map(({ size }, axis) => (Number(size) < 0 ? axes[axis]! : Number(size)));
  return { name, dtype: dtype === "DT_FLOAT" ? "float32" : "int32", shape };
}
