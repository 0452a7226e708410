import type { ExportResult } from "@seg/pipeline/export";
import { shellWord } from "../terminal/shell-word.ts";
import type { ExportUsage } from "./index.ts";

/** How checkpoints are read here and in PyTorch. */
export function checkpointUsage(result: ExportResult): ExportUsage {
  const { format, path, files } = result;
  const [encoder, decoder] = files.map((file) => file.path) as [string, string];
  const [load, read] =
    format === "pth"
      ? ["import torch", (file: string) => `torch.load(${JSON.stringify(file)}, weights_only=True)`]
      : ["from safetensors.torch import load_file", (file: string) => `load_file(${JSON.stringify(file)})`];
  const python = [
    load as string,
    "",
    "# Of networks with the layers of MIT's ModelBuilder: net.load_state_dict(encoder, strict=False)",
    `encoder = ${(read as (file: string) => string)(encoder)}`,
    `decoder = ${(read as (file: string) => string)(decoder)}`,
  ];
  return { here: `seg test photo.jpg --model-path ${shellWord(path)}`, PyTorch: python.join("\n") };
}
