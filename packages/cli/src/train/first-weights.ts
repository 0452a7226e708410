import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "@seg/backend";
import { loadWeights, readCheckpoint, stateDictOf } from "@seg/checkpoint";
import type * as tf from "@tensorflow/tfjs";
import type { EncoderName } from "../config/architectures.ts";
import type { Config } from "../config/schema.ts";
import { CliError } from "../errors.ts";
import { fetchWeights, type LocateOptions, serverOf } from "../weights/locate.ts";

/** Where weights to begin with lie; a half that is not named is drawn at random. */
export interface FirstWeights {
  encoder?: string;
  decoder?: string;
}

// The original's file of ImageNet weights for each encoder; plain and dilated ones share it.
const IMAGENET_FILES: Record<EncoderName, string> = {
  mobilenetv2dilated: "mobilenet_v2.pth.tar",
  resnet18: "resnet18-imagenet.pth",
  resnet18dilated: "resnet18-imagenet.pth",
  resnet50: "resnet50-imagenet.pth",
  resnet50dilated: "resnet50-imagenet.pth",
  resnet101: "resnet101-imagenet.pth",
  resnet101dilated: "resnet101-imagenet.pth",
  resnext101: "resnext101-imagenet.pth",
  hrnetv2: "hrnetv2_w48-imagenet.pth",
};

/**
 * The weights that a training begins with: those that `MODEL` names; for an encoder without a name, ImageNet's from the cache or from
 * MIT's server unless it shall be drawn at random.
 *
 * @throws {CliError} `missing` if a file is not there or cannot be had.
 */
export async function findFirstWeights(
  { MODEL }: Config,
  { fromScratch, ...options }: LocateOptions & { fromScratch: boolean },
): Promise<FirstWeights> {
  const { weights_encoder: encoder, weights_decoder: decoder, arch_encoder } = MODEL;
  for (const [half, file] of Object.entries({ encoder, decoder })) {
    if (!file || existsSync(file)) continue;
    throw new CliError(
      "missing",
      `Expected weights in ${file} (MODEL.weights_${half}) but there is no such file: correct the path.`,
    );
  }
  const found: FirstWeights = { ...(encoder && { encoder }), ...(decoder && { decoder }) };
  if (!encoder && !fromScratch) found.encoder = await imagenetWeights(arch_encoder as EncoderName, options);
  return found;
}

async function imagenetWeights(encoder: EncoderName, options: LocateOptions): Promise<string> {
  const name = IMAGENET_FILES[encoder];
  const file = join(cacheFolder(options.env), "weights", "imagenet", name);
  if (existsSync(file)) return file;
  const url = `${serverOf(options).replace(/\/pytorch$/, "")}/pretrained_resnet/${name}`;
  try {
    await fetchWeights(url, file, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      "missing",
      `Expected ImageNet weights for ${encoder} but there are none in ${file}, and ${url} did not give them (${reason}): put them there, ` +
        "name another file by --weights-encoder, or begin with random weights by --from-scratch.",
      { cause: error },
    );
  }
  return file;
}

/**
 * Loads weights to begin with.
 *
 * @throws {CliError} `failed` if they are of another architecture or number of classes.
 */
export async function loadFirstWeights(
  models: Record<keyof FirstWeights, tf.LayersModel>,
  files: FirstWeights,
): Promise<void> {
  for (const half of ["encoder", "decoder"] as const) {
    const file = files[half];
    if (file === undefined) continue;
    const state = await readCheckpoint(file);
    // Files made for ImageNet hold the classifier too.
    const known = half === "encoder" ? new Set((await stateDictOf(models.encoder)).keys()) : undefined;
    try {
      loadWeights(models[half], state, known && { ignore: (name) => !known.has(name) });
    } catch (error) {
      throw new CliError("failed", `${file}: ${(error as Error).message}`, { cause: error });
    }
  }
}
