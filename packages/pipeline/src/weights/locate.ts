import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Resolved } from "../config/resolve.ts";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { chooseCheckpoint } from "./choose-checkpoint.ts";
import { download } from "./download.ts";
import { candidateNames, checkpointsIn, findInFolder, HALVES, type ModelFiles, type WeightFiles } from "./find.ts";
import { cacheOf, checkNamedFolder, mayBeServed } from "./named-folder.ts";
import { checksumFile, isUnchanged } from "./verify.ts";

/** The original's server; its folders are called like the last part of a configuration's `DIR`. */
const MIT_SERVER = "http://sceneparsing.csail.mit.edu/model/pytorch";

/** Which server weights come from. */
export interface ServerOptions {
  /** Address of a server that takes the place of MIT's, and of `SEG_MIRROR`. */
  mirror?: string | undefined;
  /** Environment variables; this process's unless given. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Milliseconds before a download's first retry; 500 unless given. */
  backoff?: number | undefined;
}

/** How {@link locateWeights} works. */
export interface LocateOptions extends ContextOptions, ServerOptions {
  /** Which checkpoint is wanted: `TEST.checkpoint`, the default, or `VAL.checkpoint`. */
  section?: "TEST" | "VAL";
}

/**
 * What is to be tested: the ONNX file of `MODEL.weights_onnx`, or else the weights that {@link locateWeights} finds.
 *
 * @throws {PipelineError} as that does; `option` if both are named.
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
  const { signal, warn } = contextOf(options);
  const server = serverOf(options);
  const folder = basename(resolve(dir));
  const cache = cacheOf(dir, env);
  const found = await findInFolder(cache, checkpoint);
  const files: Partial<WeightFiles> = {};
  for (const half of HALVES) {
    const file = found[half];
    if (file && (await isUnchanged(file, signal))) {
      files[half] = file;
      continue;
    }
    const name = candidateNames(half, checkpoint)[0]!;
    if (!mayBeServed(dir, options)) {
      throw await nowhere(name, dir, cache, section);
    }
    if (file) {
      warn(`${file} is not what it was when it was first used (${checksumFile(file)}): downloading it again.`);
      await Promise.all([rm(file), rm(checksumFile(file))]);
    }
    const url = `${server}/${encodeURIComponent(folder)}/${encodeURIComponent(name)}`;
    files[half] = join(cache, name);
    try {
      await fetchWeights(url, files[half], options);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      throw new PipelineError(
        "missing",
        {
          expected: `weights ${name}`,
          but: `they are neither in ${dir} nor in ${cache}, and ${url} did not give them (${reason})`,
          hint: `try again later, name another server by SEG_MIRROR, or put the file into ${cache} yourself`,
        },
        { data: { file: files[half], url, reason }, cause: error },
      );
    }
  }
  return files as WeightFiles;
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

/** The server to take weights from, without a slash at its end. */
export function serverOf({ mirror, env = process.env }: ServerOptions): string {
  const server = mirror ?? (env.SEG_MIRROR || MIT_SERVER);
  if (!/^https?:\/\/[^/]/.test(server)) {
    const option = mirror === undefined ? "SEG_MIRROR" : "mirror";
    throw new PipelineError(
      "option",
      {
        expected: `an http or https address for ${option === "mirror" ? "--mirror" : option}`,
        received: `"${server}"`,
      },
      { data: { option, received: server } },
    );
  }
  return server.replace(/\/+$/, "");
}

/** Downloads a file of weights and writes its checksum beside it. */
export async function fetchWeights(url: string, file: string, options: LocateOptions): Promise<void> {
  const { log, onProgress, signal } = contextOf(options);
  const { backoff } = options;
  const name = basename(file);
  const told = (received: number, total?: number) => onProgress({ type: "download", url, file, received, total });
  told(0);
  await download(url, file, {
    signal,
    backoff,
    check: notWeights,
    onProgress: told,
    onRetry: (reason) => log(`${name}: ${reason}; trying again`),
    onWait: (line) => log(`${name}: waiting for another process that is downloading it: ${line}`),
  });
  await isUnchanged(file, signal); // writes its checksum
  log(`${name} is kept in ${file}`);
}

// A pickle, a zip, or a safetensors header: its length as 8 bytes, then JSON.
function notWeights(head: Uint8Array): string | undefined {
  const isPickle = head[0] === 0x80;
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  const isSafetensors = head[8] === 0x7b && head[7] === 0;
  return isPickle || isZip || isSafetensors ? undefined : "what came is neither a PyTorch file nor safetensors";
}
