import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { cacheFolder } from "@seg/backend";
import type { Resolved } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";
import type { ServerOptions } from "./server.ts";

/** Where downloaded weights of a folder `DIR` are kept. */
export const cacheOf = (dir: string, env: NonNullable<ServerOptions["env"]>): string =>
  join(cacheFolder(env), "weights", basename(resolve(dir)));

/** Nothing is, for a user without a home. */
function isCached(dir: string, env: NonNullable<ServerOptions["env"]>): boolean {
  try {
    return existsSync(cacheOf(dir, env));
  } catch {
    return false;
  }
}

/** Whether a server may have the weights of a folder `DIR`. The user's own folders' names are no one else's business. */
export const mayBeServed = (dir: string, { mirror, env = process.env }: ServerOptions): boolean =>
  Boolean(mirror || env.SEG_MIRROR) || /^(ade20k|baseline)-/.test(basename(resolve(dir)));

/**
 * Makes sure that a folder that was named for this run is there and holds a checkpoint, before its settings are missed one by one.
 *
 * @throws {PipelineError} `missing` otherwise, unless the weights may come from elsewhere.
 */
export function checkNamedFolder({ config, settings }: Resolved, options: ServerOptions): void {
  const { DIR } = config;
  const isNamed = (key: string) => settings.get(key)?.explicit ?? false;
  if (!isNamed("DIR") || ["encoder", "decoder", "onnx"].some((what) => isNamed(`MODEL.weights_${what}`))) return;
  if (config.MODEL.weights_onnx || mayBeServed(DIR, options)) return;
  const found = statSync(DIR, { throwIfNoEntry: false });
  if (found?.isDirectory() && readdirSync(DIR).some((file) => /^(encoder|decoder)_.+\.(pth|safetensors)$/.test(file)))
    return;
  if (isCached(DIR, options.env ?? process.env)) return;
  throw new PipelineError(
    "missing",
    {
      expected: "a folder with a checkpoint (DIR)",
      but: !found
        ? `there is no folder ${DIR}`
        : found.isDirectory()
          ? `${DIR} holds no checkpoint`
          : `${DIR} is no folder`,
      hint: "name the folder that a training left by --id or --model-path",
    },
    { data: { key: "DIR", folder: DIR } },
  );
}
