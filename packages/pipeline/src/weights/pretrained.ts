import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "@seg/backend";
import type { EncoderName } from "@seg/encoders/feature-info";
import { shownUrl } from "@seg/errors";
import type { Config } from "@seg/segmenter/config";
import type { ContextOptions } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { isAddress } from "../photos/expand-inputs.ts";
import { fetchWeights, isUsable } from "./cached.ts";
import { noFile } from "./locate.ts";
import { addressOn, type ServerOptions, serverOf } from "./server.ts";

/** Where the initial weights lie; a half that is not named is initialized at random. */
export interface PretrainedFiles {
  encoder?: string;
  decoder?: string;
}

/** An encoder's name less its dilation, which changes no weight. */
type Undilated<Name extends string> = Name extends `${infer Plain}dilated` ? Plain : Name;

/** The original's file of ImageNet weights for each encoder that it has one for. */
const IMAGENET_FILES: Partial<Record<Undilated<EncoderName>, string>> = {
  mobilenetv2: "mobilenet_v2.pth.tar",
  resnet18: "resnet18-imagenet.pth",
  resnet50: "resnet50-imagenet.pth",
  resnet101: "resnet101-imagenet.pth",
  resnext101: "resnext101-imagenet.pth",
  hrnetv2: "hrnetv2_w48-imagenet.pth",
};

/**
 * The weights that a training begins with: those that `MODEL` names; for an encoder without a name, ImageNet's from the cache or from
 * MIT's server unless it is to begin with random weights.
 *
 * @throws {PipelineError} `missing` if a file is not there or cannot be had.
 */
export async function findPretrained(
  { MODEL }: Config,
  { fromScratch, ...options }: ContextOptions & ServerOptions & { fromScratch: boolean },
): Promise<PretrainedFiles> {
  const { weights_encoder: encoder, weights_decoder: decoder, arch_encoder } = MODEL;
  for (const [half, file] of Object.entries({ encoder, decoder })) {
    if (!file || existsSync(file)) continue;
    if (isAddress(file)) throw noFile(file);
    throw new PipelineError(
      "missing",
      {
        expected: `weights in ${file} (MODEL.weights_${half})`,
        but: "there is no such file",
        hint: "correct the path",
      },
      { data: { key: `MODEL.weights_${half}`, file } },
    );
  }
  const found: PretrainedFiles = { ...(encoder && { encoder }), ...(decoder && { decoder }) };
  if (!encoder && !fromScratch) found.encoder = await imagenetWeights(arch_encoder, options);
  return found;
}

async function imagenetWeights(encoder: EncoderName, options: ContextOptions & ServerOptions): Promise<string> {
  const name = IMAGENET_FILES[encoder.replace(/dilated$/, "") as Undilated<EncoderName>];
  if (!name) {
    throw new PipelineError("missing", {
      expected: `ImageNet weights for ${encoder}`,
      but: "the original has none",
      hint: "name a file by --weights-encoder, or begin with random weights by --from-scratch",
    });
  }
  const file = join(cacheFolder(options.env ?? process.env), "weights", "imagenet", name);
  if (existsSync(file) && (await isUsable(file, options))) return file;
  const server = serverOf(options);
  // MIT has them beside the folder of the trained ones.
  server.pathname = server.pathname.replace(/\/pytorch\/*$/, "");
  const url = addressOn(server, "pretrained_resnet", name);
  const missing = (reason: string) => ({
    expected: `ImageNet weights for ${encoder}`,
    but: `there are none in ${file}, and ${shownUrl(url)} did not give them (${reason})`,
    hint: "put them there, name another file by --weights-encoder, or begin with random weights by --from-scratch",
  });
  await fetchWeights(url, file, missing, options);
  return file;
}
