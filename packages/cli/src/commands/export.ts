import { loadConfig } from "@seg/pipeline/config";
import type { ExportedScores, ExportedTensor, ExportFormat, ExportResult, Int8Report } from "@seg/pipeline/export";
import { Command, Option } from "commander";
import { type ExportForm, exportUsage } from "../export-usage/index.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { digits, showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg export`. */
interface ExportFlags extends ConfigOptions, ExportForm {
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

/** `seg export`: writes a network for other programs. */
export function exportCommand(io: Io): Command {
  const command = new Command("export")
    .description("write a network with its weights for other programs: ONNX, TensorFlow.js, safetensors, PyTorch")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11")
    .addOption(
      new Option("--format <format>", "what is written")
        .choices(["onnx", "tfjs", "safetensors", "pth"])
        .default("onnx"),
    )
    .option("--out <path>", "file or folder; <encoder>-<decoder>.onnx or <encoder>-<decoder>-<format> unless given")
    .option("--half", "store weights as float16: half the size")
    .option("--int8", "onnx: compute on bytes, several times as fast; needs --calibrate")
    .option("--calibrate <photos...>", "at least 50 photos or a folder of them, without labels")
    .option("--images <folder>", "with --int8: photos to score it on before and after; or --list-val")
    .option("--labels <folder>", "their labels: PNG files of the same names")
    .addOption(
      new Option("--output <what>", "onnx, tfjs: scores, or what comes of them (logits unless given)").choices([
        "logits",
        "probabilities",
        "labels",
      ]),
    )
    .addOption(
      new Option(
        "--size <which>",
        "onnx: size of the output: the network's, its input's, or given at each run",
      ).choices(["network", "input", "given"]),
    )
    .addOption(
      new Option("--input <what>", "onnx, tfjs: a normalized image (float32), or RGB bytes").choices([
        "float32",
        "rgb",
      ]),
    )
    .addOption(new Option("--layout <axes>", "onnx: order of axes (nchw unless given)").choices(["nchw", "nhwc"]))
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { lists: true, demo: true })
    .addHelpText("after", EXAMPLES)
    .action((pairs: string[], options: ExportFlags) => exportNetwork(pairs, options, io));
}

async function exportNetwork(pairs: readonly string[], options: ExportFlags, io: Io): Promise<void> {
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

const EXAMPLES = `
An ONNX file takes a normalized image, [batch, 3, height, width], and gives logits of the network's own size, unless told otherwise:
--input rgb takes bytes, --output labels gives classes, and with --size given they come at the size that each run asks for: the shortest
programs.
What is there already is replaced only if it is an earlier export of the same format.

Examples:
  seg export --cfg resnet50dilated-ppm_deepsup
  seg export --demo --half --input rgb --output labels --size given --layout nhwc --out demo.onnx
  seg export --cfg my.yaml --id mine --suffix _epoch_20.pth --format tfjs --output labels --out public/model
  seg export --cfg hrnetv2-c1 --format safetensors --half
  seg export --id mine --int8 --calibrate photos/ --images val/photos --labels val/labels`;
