import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { cacheFolder } from "@seg/backend";
import type { Resolved } from "../config/resolve.ts";
import { CliError } from "../errors.ts";
import type { Io, Reporter } from "../terminal.ts";
import { checksumFile, isUnchanged } from "./checksum.ts";
import { download } from "./download.ts";
import { candidateNames, checkpointsIn, findInFolder, HALVES, type WeightFiles } from "./find.ts";

/** The original's server; its folders are called like the last part of a configuration's `DIR`. */
const MIT_SERVER = "http://sceneparsing.csail.mit.edu/model/pytorch";

/** How {@link locateWeights} works. */
export interface LocateOptions {
  env: Io["env"];
  /** Hears of downloads. */
  terminal: Reporter;
  signal?: AbortSignal | undefined;
  /** Which checkpoint is wanted: `TEST.checkpoint`, the default, or `VAL.checkpoint`. */
  section?: "TEST" | "VAL";
  /** Address of a server that takes the place of MIT's, and of `SEG_MIRROR`. */
  mirror?: string;
  /** Milliseconds before the first retry. */
  backoff?: number;
}

/**
 * Where the weights for testing lie: files named on the command line, else `TEST.checkpoint` (or `VAL.checkpoint`) in the
 * folder `DIR`, else in the cache, where it is downloaded to if it must be.
 *
 * @throws {CliError} `missing` if they are nowhere to be had; `usage` if only one half is named.
 */
export async function locateWeights({ config, settings }: Resolved, options: LocateOptions): Promise<WeightFiles> {
  const { MODEL, DIR } = config;
  const { section = "TEST" } = options;
  const { checkpoint } = config[section];
  // As in the original, files for fine-tuning named in a configuration are not what is tested.
  const typed = HALVES.filter((half) => settings.get(`MODEL.weights_${half}`)?.typed && MODEL[`weights_${half}`]);
  if (typed.length > 0) return namedFiles(MODEL.weights_encoder, MODEL.weights_decoder);

  const here = await findInFolder(DIR, checkpoint);
  if (here.encoder && here.decoder) return { encoder: here.encoder, decoder: here.decoder };
  const half = here.encoder ?? here.decoder;
  if (half) {
    // A half from elsewhere would be another training's.
    const missing = candidateNames(here.encoder ? "decoder" : "encoder", checkpoint)[0];
    throw new CliError(
      "missing",
      `Expected ${missing} beside ${half} but there is none: put it there, or set DIR and ${section}.checkpoint to a whole checkpoint.`,
    );
  }
  return fromCache(DIR, checkpoint, options);
}

function namedFiles(encoder: string, decoder: string): WeightFiles {
  if (!encoder || !decoder) {
    throw new CliError(
      "usage",
      `Expected both --weights-encoder and --weights-decoder but received only ${encoder ? "the first" : "the second"}.`,
    );
  }
  for (const file of [encoder, decoder]) {
    if (!existsSync(file)) {
      throw new CliError("missing", `Expected weights in ${file} but there is no such file: correct the path.`);
    }
  }
  return { encoder, decoder };
}

async function fromCache(dir: string, checkpoint: string, options: LocateOptions): Promise<WeightFiles> {
  const { env, signal, terminal, section = "TEST" } = options;
  const server = serverOf(options);
  const folder = basename(resolve(dir));
  const cache = join(cacheFolder(env), "weights", folder);
  const found = await findInFolder(cache, checkpoint);
  const files: Partial<WeightFiles> = {};
  for (const half of HALVES) {
    const file = found[half];
    if (file && (await isUnchanged(file, signal))) {
      files[half] = file;
      continue;
    }
    const name = candidateNames(half, checkpoint)[0]!;
    // Other folders are the user's own: their names are no one else's business.
    if (!options.mirror && !env.SEG_MIRROR && !/^(ade20k|baseline)-/.test(folder)) {
      throw await nowhere(name, dir, cache, section);
    }
    if (file) {
      terminal.warn(`${file} is not what it was when it was first used (${checksumFile(file)}): downloading it again.`);
      await Promise.all([rm(file), rm(checksumFile(file))]);
    }
    const url = `${server}/${encodeURIComponent(folder)}/${encodeURIComponent(name)}`;
    files[half] = join(cache, name);
    try {
      await fetchWeights(url, files[half], options);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      throw new CliError(
        "missing",
        `Expected weights ${name} but they are neither in ${dir} nor in ${cache}, and ${url} did not give them (${reason}): ` +
          `try again later, name another server by SEG_MIRROR, or put the file into ${cache} yourself.`,
        { cause: error },
      );
    }
  }
  return files as WeightFiles;
}

async function nowhere(name: string, dir: string, cache: string, section: string): Promise<CliError> {
  const others = await checkpointsIn(dir);
  const wayOut =
    others.length > 0
      ? `set ${section}.checkpoint to one that is there (${others.join(", ")})`
      : `set DIR to the checkpoint's folder and ${section}.checkpoint to its name, such as epoch_20.pth`;
  return new CliError("missing", `Expected weights ${name} but they are neither in ${dir} nor in ${cache}: ${wayOut}.`);
}

/** The server to take weights from, without a slash at its end. */
export function serverOf({ mirror, env }: LocateOptions): string {
  const server = mirror ?? (env.SEG_MIRROR || MIT_SERVER);
  if (!/^https?:\/\/[^/]/.test(server)) {
    const origin = mirror === undefined ? "SEG_MIRROR" : "--mirror";
    throw new CliError("usage", `Expected an http or https address for ${origin} but received "${server}".`);
  }
  return server.replace(/\/+$/, "");
}

/** Downloads a file of weights and remembers its checksum. */
export async function fetchWeights(url: string, file: string, options: LocateOptions): Promise<void> {
  const { terminal, signal, backoff } = options;
  const name = basename(file);
  if (!terminal.drawsBars) terminal.note(`Downloading ${url}`);
  const bar = terminal.progress(name, 0, "of {total} MB");
  try {
    await download(url, file, {
      signal,
      backoff,
      check: notWeights,
      onProgress: (received, total = 0) => bar.update(megabytes(received), megabytes(total)),
      onRetry: (reason) => terminal.note(`${name}: ${reason}; trying again`),
      onWait: () => terminal.note(`${name}: waiting for another process that is downloading it`),
    });
  } finally {
    bar.stop();
  }
  await isUnchanged(file, signal); // remembers its checksum
  terminal.note(`${name} is kept in ${file}`);
}

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

// A pickle, a zip, or a safetensors header: its length as 8 bytes, then JSON.
function notWeights(head: Uint8Array): string | undefined {
  const isPickle = head[0] === 0x80;
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  const isSafetensors = head[8] === 0x7b && head[7] === 0;
  return isPickle || isZip || isSafetensors ? undefined : "what came is neither a PyTorch file nor safetensors";
}
