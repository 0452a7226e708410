import { basename } from "node:path";
import { CACHE_WAY_OUT } from "@seg/backend";
import { shownUrl } from "@seg/errors";
import { type ContextOptions, contextOf } from "../context.ts";
import { PipelineError } from "../errors.ts";
import { download } from "./download.ts";
import { isMit, type ServerOptions, transferOptions } from "./server.ts";
import { whatIsWrong, whyNotWeights } from "./verify.ts";

/**
 * Whether a file of weights in the cache can be used; of one that cannot, `warn` is told.
 *
 * @throws {CheckpointError} `unreadable`.
 */
export async function isUsable(file: string, options: ContextOptions): Promise<boolean> {
  const { warn, signal } = contextOf(options);
  const wrong = await whatIsWrong(file, signal);
  if (wrong !== undefined) warn(`${file} ${wrong}: downloading it again.`);
  return wrong === undefined;
}

/**
 * Downloads a file of weights into the cache, in the place of one that does not open, and writes its checksum beside it.
 *
 * @param missing - the parts of the line, given the reason, where the server does not give them.
 * @throws {PipelineError} `missing` if they cannot be had; `failed` if the disk is too small. {FileError} `unwritable`.
 */
export async function fetchWeights(
  url: string,
  file: string,
  missing: (reason: string) => { expected: string; but: string; hint: string },
  options: ContextOptions & ServerOptions,
): Promise<void> {
  const { log, onProgress, signal } = contextOf(options);
  const name = basename(file);
  const address = shownUrl(url);
  const told = (received: number, total?: number) =>
    onProgress({ type: "download", url: address, file, received, total });
  try {
    await download(url, file, {
      ...transferOptions(name, isMit(options), options),
      wayOut: CACHE_WAY_OUT,
      isWhole: async (path) => (await whatIsWrong(path, signal)) === undefined,
      verify: whyNotWeights,
      onProgress: told,
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof PipelineError && error.code === "download")) throw error;
    const reason = error.message;
    throw new PipelineError("missing", missing(reason), { data: { file, url: address, reason }, cause: error });
  }
  await whatIsWrong(file, signal); // writes its checksum
  log(`${name} is kept in ${file}`);
}
