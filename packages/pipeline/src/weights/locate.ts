import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { shownUrl } from "@seg/errors";
import type { Resolved } from "@seg/segmenter/config";
import { candidateNames, HALVES } from "@seg/segmenter/config";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { isAddress } from "../photos/expand-inputs.ts";
import { fetchWeights, isUsable } from "./cached.ts";
import { chooseCheckpoint } from "./choose-checkpoint.ts";
import { checkpointsIn, findInFolder, type ModelFiles, type WeightFiles } from "./find.ts";
import { cacheOf, checkNamedFolder, mayBeServed } from "./named-folder.ts";
import { addressOn, type ServerOptions, serverOf } from "./server.ts";

/** How {@link locateWeights} works. */
export interface LocateOptions extends ContextOptions, ServerOptions {
  /** Which checkpoint is wanted: `TEST.checkpoint`, the default, or `VAL.checkpoint`. */
  section?: "TEST" | "VAL";
}

/**
 * What is to be tested: the ONNX file of `MODEL.weights_onnx`, or else the weights that {@link locateWeights} finds.
 *
 * @throws {PipelineError} as that does; `option` if both are named.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { loadConfig, locateModel } from "@seg/pipeline";
 *
 * await writeFile("net.onnx", "");
 * console.log(await locateModel(loadConfig({ set: ["MODEL.weights_onnx=net.onnx"] }))); // { onnx: 'net.onnx' }
 * ```
 */
export async function locateModel(resolved: Resolved, options: LocateOptions = {}): Promise<ModelFiles> {
  const { weights_onnx: onnx } = resolved.config.MODEL;
  const isNamed = (key: string) => resolved.settings.get(`MODEL.${key}`)?.explicit ?? false;
  if (!onnx && !isNamed("weights_onnx")) return locateWeights(resolved, options);
  const other = ["weights_encoder", "weights_decoder", "arch_encoder", "arch_decoder"].find(isNamed);
  if (onnx && !other) return { onnx: existing(onnx) };
  throw new PipelineError(
    "option",
    onnx
      ? {
          expected: `MODEL.weights_onnx alone, a whole model`,
          received: `MODEL.${other} too`,
          hint: "leave one of them out",
        }
      : { expected: "an ONNX file for MODEL.weights_onnx", received: '""', hint: "name one, or leave it out" },
    { data: { key: onnx ? `MODEL.${other}` : "MODEL.weights_onnx" } },
  );
}

/**
 * Where the weights for testing lie: files named on the command line, else `TEST.checkpoint` (or `VAL.checkpoint`) in the
 * folder `DIR`, or where only the folder is named its best or newest checkpoint, else in the cache, where it is downloaded to if it must be.
 *
 * @throws {PipelineError} `missing` if they are nowhere to be had; `option` if only one half is named.
 *
 * @example
 * ```ts
 * import { basename } from "node:path";
 * import { DEMO_MODEL, loadConfig, locateWeights } from "@seg/pipeline";
 *
 * // Without these, `TEST.checkpoint` of the preset would be downloaded from MIT's server.
 * const { DIR, "TEST.checkpoint": checkpoint } = DEMO_MODEL.set;
 * const { encoder } = await locateWeights(loadConfig({ set: [`DIR=${DIR}`, `TEST.checkpoint=${checkpoint}`] }));
 * console.log(basename(encoder)); // encoder_epoch_1.safetensors
 * ```
 */
export async function locateWeights(resolved: Resolved, options: LocateOptions = {}): Promise<WeightFiles> {
  const { config, settings } = resolved;
  const { MODEL, DIR } = config;
  const { section = "TEST" } = options;
  // As in the original, files for fine-tuning named in a configuration are not what is tested.
  const named = HALVES.filter((half) => settings.get(`MODEL.weights_${half}`)?.explicit && MODEL[`weights_${half}`]);
  if (named.length > 0) return namedFiles(MODEL.weights_encoder, MODEL.weights_decoder);

  checkNamedFolder(resolved, options);
  const checkpoint = await chooseCheckpoint(resolved, section, contextOf(options).log);
  const here = await findInFolder(DIR, checkpoint);
  if (here.encoder && here.decoder) return { encoder: here.encoder, decoder: here.decoder };
  const half = here.encoder ?? here.decoder;
  if (half) {
    // A half from elsewhere would be another training's.
    const missing = candidateNames(here.encoder ? "decoder" : "encoder", checkpoint)[0];
    const key = `${section}.checkpoint`;
    throw new PipelineError(
      "missing",
      {
        expected: `${missing} beside ${half}`,
        but: "there is none",
        hint: `put it there, or set DIR and ${key} to a whole checkpoint`,
      },
      { data: { key, received: checkpoint, file: join(DIR, missing!) } },
    );
  }
  return fromCache(DIR, checkpoint, options);
}

function namedFiles(encoder: string, decoder: string): WeightFiles {
  if (!encoder || !decoder) {
    throw new PipelineError(
      "option",
      {
        expected: "both --weights-encoder and --weights-decoder",
        received: `only ${encoder ? "the first" : "the second"}`,
        hint: "a file that holds both is named by both",
      },
      { data: { key: `MODEL.weights_${encoder ? "decoder" : "encoder"}` } },
    );
  }
  return { encoder: existing(encoder), decoder: existing(decoder) };
}

function existing(file: string): string {
  if (isAddress(file)) throw noFile(file);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return file;
  const but = found ? "that is no regular file" : "there is no such file";
  throw new PipelineError(
    "missing",
    { expected: `weights in ${file}`, but, hint: "correct the path" },
    { data: { file } },
  );
}

async function fromCache(dir: string, checkpoint: string, options: LocateOptions): Promise<WeightFiles> {
  const { env = process.env, section = "TEST" } = options;
  const server = serverOf(options);
  const folder = basename(resolve(dir));
  const cache = cacheOf(dir, env);
  const found = await findInFolder(cache, checkpoint);
  const files: Partial<WeightFiles> = {};
  for (const half of HALVES) {
    const file = found[half];
    if (file && (await isUsable(file, options))) {
      files[half] = file;
      continue;
    }
    const name = candidateNames(half, checkpoint)[0]!;
    if (!mayBeServed(dir, options)) throw await nowhere(name, dir, cache, section);
    const url = addressOn(server, folder, name);
    const missing = (reason: string) => ({
      expected: `weights ${name}`,
      but: `they are neither in ${dir} nor in ${cache}, and ${shownUrl(url)} did not give them (${reason})`,
      hint: `try again later, name another server by SEG_MIRROR, or put the file into ${cache} yourself`,
    });
    await fetchWeights(url, join(cache, name), missing, options);
    files[half] = join(cache, name);
  }
  return files as WeightFiles;
}

/** The error for weights that are named by an address: what is to be kept is downloaded by its owner. */
export function noFile(address: string): PipelineError {
  const url = shownUrl(address);
  const line = {
    expected: "a file of weights",
    received: `the address ${url}`,
    hint: "download it, and name the file",
  };
  return new PipelineError("missing", line, { data: { file: url, url } });
}

async function nowhere(name: string, dir: string, cache: string, section: string): Promise<PipelineError> {
  const files = await checkpointsIn(dir);
  const key = `${section}.checkpoint`;
  const hint =
    files.length > 0
      ? `set ${key} to one that is there (${files.join(", ")})`
      : `set DIR to the checkpoint's folder and ${key} to its name, such as epoch_20.pth`;
  return new PipelineError(
    "missing",
    { expected: `weights ${name}`, but: `they are neither in ${dir} nor in ${cache}`, hint },
    { data: { key, file: join(dir, name), files } },
  );
}
