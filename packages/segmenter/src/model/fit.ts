import {
  CheckpointError,
  type CheckpointSource,
  describeMismatch,
  isBookkeeping,
  type LoadOptions,
  type LoadReport,
  loadWeightsInto,
  modulesOf,
  type ReadOptions,
  type ShapeMismatch,
  type WeightReader,
  weightsFor,
} from "@seg/checkpoint";
import { DECODER_REQUIREMENTS } from "@seg/decoders/requirements";
import { explain, shownUrl } from "@seg/errors";
import type * as tf from "@tensorflow/tfjs";
import type { Half } from "../config/halves.ts";
import type { Config } from "../config/schema.ts";
import { encoderNames } from "./encoder-names.ts";

/** What weights are loaded for: to be used as they are, or to begin a training with. */
export type Use = "inference" | "training";

/** Half a segmentation network, and the weights for it. */
export interface Loading {
  half: Half;
  model: tf.LayersModel;
  /** A file of this half, or of both. */
  file: CheckpointSource;
  config: Config;
  use: Use;
}

/**
 * Loads weights into half a network.
 *
 * What must fit: for inference everything but the second head of deep supervision, which is not used. To begin a training with, the last
 * layers may be of another number of classes, that head may be missing, and an encoder's file may hold the classifier of ImageNet; with
 * `TRAIN.strict` True everything else must fit, with False whatever fits is taken. Weights must be finite.
 *
 * @returns what fitted and what did not.
 * @throws {CheckpointError} naming the file, if it is damaged or of another network, with the way out.
 *
 * @example
 * ```ts
 * import { stateDictOf, writeSafetensors } from "@seg/checkpoint";
 * import { halvesOf, loadHalf, unloadedModel } from "@seg/segmenter";
 * import { resolveConfig } from "@seg/segmenter/config";
 *
 * const set = { "MODEL.arch_encoder": "mobilenetv2dilated", "MODEL.arch_decoder": "c1", "DATASET.num_class": 11 };
 * const { config } = resolveConfig(Object.entries(set).map(([key, value]) => ({ key, value, origin: "here" })));
 * const model = unloadedModel(config);
 * const { decoder } = halvesOf(model);
 * const file = "decoder.safetensors";
 * await writeSafetensors(file, (await stateDictOf(decoder)).values());
 * const { loaded, missing } = await loadHalf({ half: "decoder", model: decoder, file, config, use: "inference" });
 * console.log(loaded.at(-1), missing); // conv_last.bias []
 * model.dispose();
 * ```
 */
export async function loadHalf(loading: Loading): Promise<LoadReport> {
  const { model, file } = loading;
  const report = await explained(loading, () => loadWeightsInto(model, file, fittingOptions(loading)));
  if (report.loaded.length > 0) return report;
  throw mismatch(loading, report);
}

/**
 * Reads weights for half a network without loading them: as {@link loadHalf}.
 *
 * @example
 * ```ts
 * import { stateDictOf, writeSafetensors } from "@seg/checkpoint";
 * import { halvesOf, readHalf, unloadedModel } from "@seg/segmenter";
 * import { resolveConfig } from "@seg/segmenter/config";
 *
 * const set = { "MODEL.arch_encoder": "mobilenetv2dilated", "MODEL.arch_decoder": "c1", "DATASET.num_class": 11 };
 * const { config } = resolveConfig(Object.entries(set).map(([key, value]) => ({ key, value, origin: "here" })));
 * const model = unloadedModel(config);
 * const { decoder } = halvesOf(model);
 * const file = "read.safetensors";
 * await writeSafetensors(file, (await stateDictOf(decoder)).values());
 * const read = await readHalf({ half: "decoder", model: decoder, file, config, use: "inference" });
 * // The last layer's: 80 channels times 11 classes, and 11 biases.
 * console.log(decoder.getLayer("conv_last").weights.map((variable) => read(variable)?.length)); // [ 880, 11 ]
 * model.dispose();
 * ```
 */
export function readHalf(loading: Loading): Promise<WeightReader> {
  return explained(loading, () => weightsFor(loading.model, loading.file, fittingOptions(loading)));
}

/**
 * What the files made for ImageNet have behind the encoder: torchvision's, timm's and MIT's classifiers, MobileNetV2's last convolution, the
 * layers that HRNet classifies by.
 */
const isClassifier = (name: string) =>
  /^(fc|classifier|head|last_linear|features\.18|conv_head|incre_modules|downsamp_modules|final_layer)\./.test(name);

const isDeepSupervision = (name: string) => /(^|\.)\w+_deepsup\./.test(name);

function fittingOptions({ half, model, config, use }: Loading): ReadOptions & LoadOptions {
  const strict = use === "inference" ? "auto" : config.TRAIN.strict;
  const common = { part: half, strict: strict !== false, finite: true };
  if (half === "encoder") {
    const layers = new Set(model.layers.map(({ name }) => name));
    const ignore = (name: string) => isClassifier(name) && !layers.has(layerOf(name));
    return {
      ...common,
      rename: encoderNames,
      ignore: use === "training" ? ignore : undefined,
    };
  }
  const heads = headsOf(model);
  const isOptional = (name: string, differing: ShapeMismatch | undefined) => {
    if (strict === true) return false;
    return differing ? use === "training" && differsInClasses(differing, heads) : isDeepSupervision(name);
  };
  // As the original's: decoders without the second head take the weights of those that have it.
  const { deepSupervised } = DECODER_REQUIREMENTS[config.MODEL.arch_decoder];
  const ignore = deepSupervised ? undefined : isDeepSupervision;
  return { ...common, ignore, optional: isOptional };
}

/** The layers that give the scores. */
const headsOf = (model: tf.LayersModel): string[] => model.outputs.map(({ sourceLayer }) => sourceLayer.name);

function differsInClasses({ name, expected, received }: ShapeMismatch, heads: readonly string[]): boolean {
  return heads.includes(layerOf(name)) && expected.slice(1).join() === received.slice(1).join();
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
  const { model } = loading;
  const file = (cause instanceof CheckpointError ? cause.data.file : undefined) ?? nameOf(loading.file);
  const line = otherStem(loading, report) ?? describeMismatch(model.name, report, wayOut(loading, report));
  return new CheckpointError("mismatch", `${file}: ${line}`, { data: { file, model: model.name, report }, cause });
}

/** In words, that a residual network has the stem of most implementations, not MIT's; undefined where that is not it. */
function otherStem({ half, model, use }: Loading, { missing, shapeMismatch }: LoadReport): string | undefined {
  const first = shapeMismatch.find(({ name }) => name === "conv1.weight");
  if (half !== "encoder" || !first) return undefined;
  const [channels, , height, width] = first.received;
  const isOne = missing.includes("conv2.weight");
  return explain({
    expected: `the stem of MIT's ${model.name}, ${isOne ? "three 3×3 convolutions" : "whose three convolutions have 64, 64 and 128 channels"},`,
    received: isOne
      ? `one of a ${height}×${width} convolution, as torchvision's and timm's have`
      : `one that begins with ${channels} channels`,
    hint:
      use === "training"
        ? "leave MODEL.weights_encoder (--weights-encoder) out to begin with MIT's own ImageNet weights"
        : "take weights that were trained with this network",
  });
}

/** The way out for whoever configures a network, where the weights are not of it. */
function wayOut({ half, model, config, use }: Loading, report: LoadReport): string {
  const { loaded, missing, unexpected, shapeMismatch } = report;
  const key = `MODEL.arch_${half}`;
  const arch = config.MODEL[`arch_${half}`];
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
  if (loaded.length === 0) return `name the weights of ${half} ${arch}, or set ${key} to theirs`;
  const whole = `take weights of ${arch}, or set ${key} to what these are of`;
  return use === "training" && config.TRAIN.strict !== false
    ? `${whole}, or load what fits by --no-strict (TRAIN.strict False)`
    : whole;
}

function nameOf(source: unknown): string {
  if (source instanceof URL) return shownUrl(source.href);
  if (typeof source === "string") return source;
  return (source as { name?: unknown }).name ? String((source as { name: unknown }).name) : "the given weights";
}

const lastPart = (file: string) => file.split(/[/\\]/).at(-1)!;

/**
 * In one line, what a training does not begin with; undefined where all weights fitted.
 *
 * @example
 * ```ts
 * import { describeBeginning } from "@seg/segmenter";
 *
 * const shapeMismatch = [{ name: "conv_last.weight", expected: [11, 512, 1, 1], received: [150, 512, 1, 1] }];
 * const report = { loaded: ["cbr.0.weight"], missing: [], unexpected: [], ignored: [], shapeMismatch };
 * console.log(describeBeginning("ckpt/decoder.pth", report)); // decoder.pth: 1 weights loaded; begun anew: conv_last (150 outputs there, 11 here)
 * ```
 */
export function describeBeginning(
  file: string,
  { loaded, missing, shapeMismatch, unexpected, ignored }: LoadReport,
): string | undefined {
  const [differing] = shapeMismatch;
  const outputs = differing && ` (${differing.received[0]} outputs there, ${differing.expected[0]} here)`;
  const other = layersOf(shapeMismatch);
  const anew = [
    ...(outputs ? [listed(other) + outputs] : []),
    ...layersOf(named(missing)).filter((layer) => !other.includes(layer)),
  ];
  const known = [...loaded, ...missing, ...shapeMismatch.map(({ name }) => name)];
  // Batch norm's bookkeeping is no layer.
  const second = ignored.filter((name) => isDeepSupervision(name) && !isBookkeeping(name));
  const over = [...modulesOf(unexpected, known), ...layersOf(named(second))];
  const parts = [
    ...(anew.length > 0 ? [`begun anew: ${listed(anew)}`] : []),
    ...(over.length > 0 ? [`passed over: ${listed(over)}`] : []),
  ];
  return parts.length > 0 ? `${lastPart(file)}: ${loaded.length} weights loaded; ${parts.join("; ")}` : undefined;
}

const layerOf = (name: string) => name.slice(0, name.lastIndexOf("."));

const named = (names: readonly string[]) => names.map((name) => ({ name }));

const layersOf = (weights: readonly { name: string }[]): string[] => [
  ...new Set(weights.map(({ name }) => layerOf(name))),
];

// Of each list, in a line.
const SHOWN = 8;

const listed = (layers: readonly string[]): string =>
  `${layers.slice(0, SHOWN).join(", ")}${layers.length > SHOWN ? ` and ${layers.length - SHOWN} more` : ""}`;
