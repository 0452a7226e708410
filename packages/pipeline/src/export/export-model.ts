import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { CLASSES_FILE, CONFIG_FILE } from "@seg/segmenter/config";
import { contextOf } from "../context.ts";
import { classSet } from "../dataset/classes.ts";
import { resolveConfigOptions } from "../options.ts";
import { isOnnx, type WeightFiles } from "../weights/find.ts";
import { locateWeights } from "../weights/locate.ts";
import { checkpointNames } from "./checkpoint-names.ts";
import { badOption, checkExportOptions, type ExportFormat, type ExportOptions } from "./options.ts";
import { architectureOf, photoPreparation } from "./photo.ts";
import type { ExportResult } from "./result.ts";
import { checkTarget, leavingNothing, targetOf } from "./target.ts";
import type { WriteExport } from "./write-export.ts";

/** Loaded when they are needed: checkpoints need no ONNX, and ONNX no graph model. */
const WRITERS: Record<ExportFormat, () => Promise<WriteExport>> = {
  onnx: async () => (await import("./write-onnx.ts")).writeOnnx,
  tfjs: async () => (await import("./write-tfjs.ts")).writeTfjs,
  safetensors: async () => (await import("./write-checkpoint.ts")).writeCheckpoint,
  pth: async () => (await import("./write-checkpoint.ts")).writeCheckpoint,
};

/**
 * Writes a network with its weights for other programs: as ONNX, as a TensorFlow.js graph model, or as checkpoints of another format. It is
 * written beside its place and renamed, so that it is there whole or not at all; what a failure or `signal` ends leaves nothing. Weights go
 * from file to file one by one.
 *
 * @throws {PipelineError} `option` for options that contradict each other, for an ONNX file as source, or if something else stands at `out`;
 *   `config`; `missing` if there are no weights.
 * @throws {CheckpointError} if weights are damaged or of another architecture or number of classes.
 * @throws {FileError} `unwritable`.
 *
 * @example
 * ```ts
 * import { readdir } from "node:fs/promises";
 * import { DEMO_MODEL, exportModel } from "@seg/pipeline";
 *
 * const { photo } = await exportModel({ ...DEMO_MODEL, format: "pth", out: "exported" });
 * const files = await readdir("exported");
 * console.log(files.filter((file) => file.endsWith(".pth"))); // [ 'decoder_epoch_1.pth', 'encoder_epoch_1.pth' ]
 * // What the network takes.
 * console.log(photo.channels, photo.paddingConstant); // rgb 8
 * ```
 */
export async function exportModel(options: ExportOptions = {}): Promise<ExportResult> {
  const format = checkExportOptions(options);
  const { signal } = contextOf(options);
  const resolved = resolveConfigOptions(options);
  const { config } = resolved;
  const onnx = config.MODEL.weights_onnx || (options.weights && isOnnx(options.weights) && options.weights.onnx);
  if (onnx) {
    throw badOption(
      "weights_onnx",
      onnx,
      "a checkpoint to export",
      "an ONNX file is not read back: name the weights that it was made of",
    );
  }
  const architecture = architectureOf(config);
  const path = options.out ?? (format === "onnx" ? `${architecture}.onnx` : `${architecture}-${format}`);
  await checkTarget(path, format);
  const classes = await classSet(config);
  const weights = options.weights ?? (await locateWeights(resolved, options));
  if (format === "pth" || format === "safetensors") {
    await checkTarget(path, format, [...Object.values(checkpointNames(weights, format)), CONFIG_FILE, CLASSES_FILE]);
    await refuseOwnSource(path, weights);
  }
  const write = await WRITERS[format]();
  signal?.throwIfAborted();
  const hasList = resolved.settings.get("DATASET.list_val")?.explicit ?? false;
  const job = {
    path: await targetOf(path),
    config,
    classes,
    weights,
    options: { ...options, format },
    hasList,
    signal,
  };
  const written = await leavingNothing(path, () => write(job));
  return {
    format,
    path,
    ...written,
    bytes: written.files.reduce((sum, { bytes }) => sum + bytes, 0),
    half: options.half ?? false,
    architecture,
    weights,
    classes: classes.map(({ name }) => name),
    photo: photoPreparation(config),
  };
}

/** A folder is replaced whole: the weights that an export is made of must not lie in it. */
async function refuseOwnSource(path: string, weights: WeightFiles): Promise<void> {
  const target = await realpath(path).catch(() => undefined);
  for (const file of Object.values(weights)) {
    if (dirname(await realpath(file).catch(() => file)) === target) {
      throw badOption("out", path, "another folder than that of the weights themselves for out");
    }
  }
}
