import { Command, Option } from "commander";
import type { ExportFlags } from "../actions/export.ts";
import { addConfigFlags, PAIRS } from "../flags/config-flags.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg export`: writes a network for other programs. */
export function exportCommand(io: Io): Command {
  const command = new Command("export")
    .description("write a network with its weights for other programs: ONNX, TensorFlow.js, safetensors, PyTorch")
    .argument(PAIRS, "keys to set, such as DATASET.num_class 11")
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
    .optionsGroup("Output:")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { lists: true, demo: true })
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: ExportFlags) => {
      const { exportNetwork } = await import("../actions/export.ts");
      await exportNetwork(pairs, options, io);
    });
}

const EXAMPLES = `
An ONNX file takes a normalized image, [batch, 3, height, width], and gives
logits of the network's own size, unless told otherwise: --input rgb takes
bytes, --output labels gives classes, and with --size given they come at the
size that each run asks for: the shortest programs.
What is there already is replaced only if it is an earlier export of the same
format.

Examples:
  seg export --cfg resnet50dilated-ppm_deepsup
  seg export --demo --half --input rgb --output labels --size given \\
    --layout nhwc --out demo.onnx
  seg export --cfg my.yaml --id mine --suffix _epoch_20.pth \\
    --format tfjs --output labels --out public/model
  seg export --cfg hrnetv2-c1 --format safetensors --half
  seg export --id mine --int8 --calibrate photos/ \\
    --images val/photos --labels val/labels`;
