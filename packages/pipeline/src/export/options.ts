import type { Layout, OutputKind, OutputSize } from "@seg/onnx";
import { CONTEXT_OPTIONS, type ContextOptions } from "../context.ts";
import { PipelineError, refuseUnknown } from "../errors.ts";
import type { ConfigOptions } from "../options.ts";
import type { WeightFiles } from "../weights/find.ts";
import type { ServerOptions } from "../weights/server.ts";

/** What a model can be written as. */
export const EXPORT_FORMATS = ["onnx", "tfjs", "safetensors", "pth"] as const;

/** `onnx`, a file; `tfjs`, a folder with a TensorFlow.js graph model; `safetensors` or `pth`, a folder with two checkpoints. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Options of `exportModel`. */
export interface ExportOptions extends ConfigOptions, ContextOptions, ServerOptions {
  /** Default `onnx`. */
  format?: ExportFormat | undefined;
  /** The file or folder to write. Default: `<encoder>-<decoder>.onnx`, or `<encoder>-<decoder>-<format>`, in the working directory. */
  out?: string | undefined;
  /** Where the two weights lie. Default: as the configuration says, then the cache, then MIT's server. */
  weights?: WeightFiles | undefined;
  /** Stores weights as float16. Default false. */
  half?: boolean | undefined;
  /** `onnx`: computes convolutions on bytes, several times as fast; needs `calibrate` and ONNX Runtime. Default false. */
  int8?: boolean | undefined;
  /** With `int8`: at least 50 photos, files, folders or URLs, of the kind that the network is for; they need no labels. */
  calibrate?: readonly string[] | undefined;
  /** With `int8`: folders of photos and of their labels to score it on before and after; else a `DATASET.list_val` that is set. */
  images?: string | undefined;
  labels?: string | undefined;
  /** `onnx`, `tfjs`: what it gives; default `logits`. */
  output?: OutputKind | undefined;
  /** `onnx`: of what size, as `toOnnx` of `@seg/onnx` has it; default `network` for logits, else `input`. */
  size?: OutputSize | undefined;
  /** `onnx`, `tfjs`: a normalized image, `float32`, the default, or bytes, `rgb`, which the graph normalizes. */
  input?: "float32" | "rgb" | undefined;
  /** `onnx`: the order of axes; default `nchw`. */
  layout?: Layout | undefined;
}

const OPTIONS = [
  ...["config", "folder", "architecture", "set", "mirror", "env", "backoff", "weights"],
  ...["format", "out", "half", "int8", "calibrate", "images", "labels", "output", "size", "input", "layout"],
  ...CONTEXT_OPTIONS,
];

/** The choices of each option that is a word, and the formats that it goes with. */
const WORDS = {
  format: [EXPORT_FORMATS, EXPORT_FORMATS],
  output: [
    ["logits", "probabilities", "labels"],
    ["onnx", "tfjs"],
  ],
  size: [["network", "input", "given"], ["onnx"]],
  input: [
    ["float32", "rgb"],
    ["onnx", "tfjs"],
  ],
  layout: [["nchw", "nhwc"], ["onnx"]],
} as const;

/** @throws {PipelineError} `option` for one that there is not, that is out of range, or that the format does not take. */
export function checkExportOptions(options: ExportOptions): ExportFormat {
  refuseUnknown(options, OPTIONS, "an option of exportModel");
  const { format = "onnx", half, out } = options;
  for (const [option, [choices, formats]] of Object.entries(WORDS)) {
    const value = options[option as keyof typeof WORDS];
    if (value === undefined) continue;
    if (!(choices as readonly string[]).includes(value)) {
      throw badOption(option, value, `one of ${choices.join(", ")} for ${option}`);
    }
    if (!(formats as readonly string[]).includes(format)) {
      throw badOption(option, value, `no ${option} for format ${format}`, `it goes with ${formats.join(" and ")} only`);
    }
  }
  checkInt8(options, format);
  if (half !== undefined && typeof half !== "boolean") throw badOption("half", half, "true or false for half");
  if (out !== undefined && (typeof out !== "string" || out === "")) {
    throw badOption("out", out, `a path for out`);
  }
  return format;
}

/** @throws {PipelineError} `option` for options of int8 without it, or it without them. */
function checkInt8({ int8, calibrate, images, labels, half }: ExportOptions, format: ExportFormat): void {
  if (int8 !== undefined && typeof int8 !== "boolean") throw badOption("int8", int8, "true or false for int8");
  if (!int8) {
    const [name, value] = Object.entries({ calibrate, images, labels }).find(([, one]) => one !== undefined) ?? [];
    if (name) throw badOption(name, value, `int8 beside ${name}`);
    return;
  }
  if (format !== "onnx") throw badOption("int8", int8, `no int8 for format ${format}`, "it goes with onnx only");
  if (half) throw badOption("half", half, "no half beside int8", "weights are bytes already");
  if (!Array.isArray(calibrate) || calibrate.length === 0) {
    throw badOption("calibrate", calibrate ?? "none", "photos for calibrate, at least 50, with int8");
  }
  if ((images === undefined) !== (labels === undefined)) {
    throw badOption(images ? "labels" : "images", "none", "both images and labels to score int8 on");
  }
}

/** An option that makes no sense. */
export const badOption = (option: string, received: unknown, expected: string, hint?: string): PipelineError =>
  new PipelineError(
    "option",
    { expected, received: JSON.stringify(received), ...(hint && { hint }) },
    { data: { option, received } },
  );
