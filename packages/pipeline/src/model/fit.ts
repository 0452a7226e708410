import { basename } from "node:path";
import {
  CheckpointError,
  describeMismatch,
  type LoadOptions,
  type LoadReport,
  loadWeightsInto,
  type ReadOptions,
  type ShapeMismatch,
  type WeightReader,
  weightsFor,
} from "@seg/checkpoint";
import { DECODER_REQUIREMENTS } from "@seg/decoders/requirements";
import type * as tf from "@tensorflow/tfjs";
import type { Config } from "../config/schema.ts";
import { encoderNames } from "../weights/encoder-names.ts";
import type { HALVES } from "../weights/find.ts";

/** A network of the two. */
type Half = (typeof HALVES)[number];

/** What weights are loaded for: to be used as they are, or to begin a training with. */
export type Use = "inference" | "training";

/** Half a segmentation network, and the weights for it. */
export interface Loading {
  half: Half;
  model: tf.LayersModel;
  /** A file of this half, or of both. */
  file: string;
  config: Config;
  use: Use;
}

/**
 * Loads weights into half a network.
 *
 * What must fit: for inference everything but the second head of deep supervision, which is not used. To begin a training with, the last
 * layers may be of another number of classes, and that head may be missing; with `TRAIN.strict` True everything must fit, with False
 * whatever fits is taken.
 *
 * @returns what fitted and what did not.
 * @throws {CheckpointError} naming the file, if it is damaged or of another network, with the way out.
 */
export async function loadHalf(loading: Loading): Promise<LoadReport> {
  const { model, file } = loading;
  const report = await explained(loading, () => loadWeightsInto(model, file, fittingOptions(loading)));
  if (report.loaded.length > 0) return report;
  throw mismatch(loading, report);
}

/** Reads weights for half a network without loading them: as {@link loadHalf}. */
export function readHalf(loading: Loading): Promise<WeightReader> {
  return explained(loading, () => weightsFor(loading.model, loading.file, fittingOptions(loading)));
}

const isDeepSupervision = (name: string) => /(^|\.)\w+_deepsup\./.test(name);

function fittingOptions({ half, model, config, use }: Loading): ReadOptions & LoadOptions {
  const strict = use === "inference" ? "auto" : config.TRAIN.strict;
  if (half === "encoder") {
    // Files made for ImageNet hold the classifier too, which a training leaves alone.
    const known = use === "training" ? new Set(model.layers.map(({ name }) => name)) : undefined;
    const ignore = known && ((name: string) => !known.has(name.slice(0, name.lastIndexOf("."))));
    return { part: half, rename: encoderNames, strict: strict !== false, ignore };
  }
  const heads = headsOf(model);
  const isOptional = (name: string, differing: ShapeMismatch | undefined) => {
    if (strict === true) return false;
    return differing ? use === "training" && differsInClasses(differing, heads) : isDeepSupervision(name);
  };
  // As the original's: decoders without the second head take the weights of those that have it.
  const { deepSupervised } = DECODER_REQUIREMENTS[config.MODEL.arch_decoder];
  const ignore = deepSupervised ? undefined : isDeepSupervision;
  return { part: half, strict: strict !== false, ignore, optional: isOptional };
}

/** The layers that give the scores. */
const headsOf = (model: tf.LayersModel): string[] => model.outputs.map(({ sourceLayer }) => sourceLayer.name);

function differsInClasses({ name, expected, received }: ShapeMismatch, heads: readonly string[]): boolean {
  return heads.includes(name.slice(0, name.lastIndexOf("."))) && expected.slice(1).join() === received.slice(1).join();
}

async function explained<T>(loading: Loading, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { report } = error instanceof CheckpointError && error.code === "mismatch" ? error.data : {};
    throw report ? mismatch(loading, report, error) : error;
  }
}

function mismatch(loading: Loading, report: LoadReport, cause?: unknown): CheckpointError {
  const { file, model } = loading;
  const line = `${file}: ${describeMismatch(model.name, report, wayOut(loading, report))}`;
  return new CheckpointError("mismatch", line, { data: { file, model: model.name, report }, cause });
}

/** The way out for whoever configures a network, where the weights are not of it. */
function wayOut({ half, model, config, use }: Loading, report: LoadReport): string {
  const { loaded, missing, unexpected, shapeMismatch } = report;
  const key = `MODEL.arch_${half}`;
  const arch = config.MODEL[`arch_${half}`];
  if (half === "encoder") {
    const stem = otherStem(shapeMismatch, missing);
    if (stem) {
      const instead =
        use === "training"
          ? "leave MODEL.weights_encoder (--weights-encoder) out to begin with the ImageNet weights of MIT's networks"
          : "take weights that were trained with this network";
      return `${stem}, and these networks have three 3×3 convolutions of 64, 64 and 128 channels, so other implementations' weights do not fit; ${instead}`;
    }
  }
  const heads = half === "decoder" ? headsOf(model) : [];
  const classes = shapeMismatch.find((one) => differsInClasses(one, heads))?.received[0];
  if (
    classes !== undefined &&
    missing.length + unexpected.length === 0 &&
    shapeMismatch.every((one) => differsInClasses(one, heads))
  ) {
    const set = `set DATASET.num_class (--num-class) to ${classes}`;
    return `the model has ${config.DATASET.num_class} classes and the weights are for ${classes}; ${set}${use === "training" ? ", or leave TRAIN.strict (--strict) out so that the last layers begin anew" : ""}`;
  }
  if (loaded.length === 0)
    return `they are not of a ${half} ${arch}; name its weights, or set ${key} to what they are of`;
  const whole = `take weights of ${arch}, or set ${key} to what these are of`;
  return use === "training" && config.TRAIN.strict !== false
    ? `${whole}, or load what fits by --no-strict (TRAIN.strict False)`
    : whole;
}

/** In words, the stem of a residual network that has another one. */
function otherStem(shapeMismatch: readonly ShapeMismatch[], missing: readonly string[]): string | undefined {
  const first = shapeMismatch.find(({ name }) => name === "conv1.weight");
  if (!first) return undefined;
  const [channels, , height, width] = first.received;
  if (height !== 3) return `they have a ${height}×${width} stem`;
  return missing.includes("conv3.weight") ? undefined : `their stem begins with ${channels} channels`;
}

/** In one line, what a training does not begin with; undefined where all weights fitted. */
export function describeBeginning(
  file: string,
  { loaded, missing, shapeMismatch, unexpected, ignored }: LoadReport,
): string | undefined {
  const anew = layersOf([...shapeMismatch.map(({ name }) => name), ...missing]);
  const over = layersOf([...unexpected, ...ignored.filter(isDeepSupervision)]);
  const [differing] = shapeMismatch;
  const classes = differing && ` (${differing.received[0]} outputs there, ${differing.expected[0]} here)`;
  const parts = [
    ...(anew.length > 0 ? [`begun anew: ${listed(anew)}${classes ?? ""}`] : []),
    ...(over.length > 0 ? [`passed over: ${listed(over)}`] : []),
  ];
  return parts.length > 0 ? `${basename(file)}: ${loaded.length} weights loaded; ${parts.join("; ")}` : undefined;
}

const layersOf = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.slice(0, name.lastIndexOf(".")))),
];

// Of each list, in a line.
const SHOWN = 8;

const listed = (layers: readonly string[]): string =>
  `${layers.slice(0, SHOWN).join(", ")}${layers.length > SHOWN ? ` and ${layers.length - SHOWN} more` : ""}`;
