import { loadConfig } from "@seg/pipeline/config";
import type { ExportedScores, ExportedTensor, ExportFormat, ExportResult, Int8Report } from "@seg/pipeline/export";
import { type ExportForm, exportUsage } from "../export-usage/index.ts";
import type { ConfigOptions } from "../flags/config-flags.ts";
import { configSources } from "../flags/config-sources.ts";
import { digits, showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg export`. */
export interface ExportFlags extends ConfigOptions, ExportForm {
  format: ExportFormat;
  half?: boolean;
  int8?: boolean;
  calibrate?: string[];
  images?: string;
  labels?: string;
  out?: string;
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Does what `seg export` is asked to. */
export async function exportNetwork(pairs: readonly string[], options: ExportFlags, io: Io): Promise<void> {
  const terminal = new Terminal(io, { quiet: options.quiet });
  const { int8, calibrate, images, labels } = options;
  const { format, out, half, output, size, input, layout, mirror } = options;
  const resolved = loadConfig(configSources(options, pairs));
  const { exportModel } = await import("@seg/pipeline/export");
  const { context, stop } = showProgress(terminal, { signal: io.signal });
  let result: ExportResult;
  try {
    result = await exportModel({
      ...{ config: resolved, format, out, half, output, size, input, layout, mirror, env: io.env },
      ...{ int8, calibrate, images, labels },
      ...context,
    });
  } finally {
    stop();
  }
  const run = exportUsage(result, { output, size, input, layout } as ExportForm);
  if (options.json) {
    terminal.print(JSON.stringify({ ...result, run }));
    return;
  }
  terminal.print(`Wrote ${result.path}: ${written(result)}.`);
  for (const tensor of result.inputs) terminal.print(`  input   ${described(tensor)}`);
  for (const tensor of result.outputs) terminal.print(`  output  ${described(tensor)}`);
  if (result.int8) terminal.print(`  int8    ${costOf(result.int8)}`);
  for (const [where, program] of Object.entries(run)) {
    terminal.write("stdout", `\n— ${HEADINGS[where]}:\n\n${program.trimEnd()}\n`);
  }
}

const HEADINGS: Readonly<Record<string, string>> = {
  Python: "Python (pip install onnxruntime numpy pillow)",
  Node: "Node (npm install onnxruntime-node @seg/ade20k-data)",
  browser: "In a page that serves the file or folder",
  here: "Here",
  PyTorch: "PyTorch",
};

function written(result: ExportResult): string {
  const { files, bytes, half, architecture, classes } = result;
  const parts = files.length === 1 ? "" : ` in ${files.length} files`;
  const size = `${(bytes / 1e6).toFixed(1)} MB${parts}`;
  return `${architecture}, ${classes.length} classes, ${half ? "float16 weights, " : result.int8 ? "int8, " : ""}${size}`;
}

/** What int8 costs, in words. */
function costOf({ photos, float32, int8, agreement }: Int8Report): string {
  const calibrated = `calibrated with ${photos} photos`;
  if (!float32 || !int8)
    return `${calibrated}: ${((agreement ?? 0) * 100).toFixed(1)} % of their pixels keep float32's label`;
  const scores = ({ meanIou, pixelAccuracy }: ExportedScores) => `${digits(meanIou)} and ${digits(pixelAccuracy)}`;
  return `${calibrated}; mean IoU and pixel accuracy ${scores(float32)} in float32, ${scores(int8)} in int8`;
}

const described = ({ name, dtype, shape }: ExportedTensor) => `${name}: ${dtype} [${shape.join(", ")}]`;
