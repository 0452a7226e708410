import { basename } from "node:path";
import type { ExportResult } from "@seg/pipeline/export";
import type { ExportUsage } from "./index.ts";

/** How checkpoints are read here and in PyTorch. */
export function checkpointUsage(result: ExportResult, settings: readonly string[]): ExportUsage {
  const { architecture, format, path, files } = result;
  const [encoder, decoder] = files.map((file) => file.path) as [string, string];
  const suffix = basename(encoder).slice("encoder".length);
  const [archEncoder, archDecoder] = architecture.split("-") as [string, string];
  const words = [
    ...["seg test --imgs photo.jpg", `--arch-encoder ${archEncoder}`, `--arch-decoder ${archDecoder}`],
    ...[`--model-path ${shellWord(path)}`, `--suffix ${shellWord(suffix)}`],
    ...settings.map(shellWord),
  ];
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
  return { here: words.join(" "), PyTorch: python.join("\n") };
}

const shellWord = (word: string) => (/^[\w./:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
