import type { EngineName } from "@seg/backend";
import { loadConfig } from "./config/load.ts";
import type { Resolved } from "./config/resolve.ts";
import type { Reporter } from "./terminal.ts";
import type { WeightFiles } from "./weights/find.ts";
import { type LocateOptions, locateWeights } from "./weights/locate.ts";

/** Which network, with which weights, on which engine. */
export interface ModelOptions {
  /** A YAML file with MIT's keys, or the name of a ready configuration such as `resnet50dilated-ppm_deepsup`, the default. */
  config?: string;
  /** An encoder and a decoder, joined: `resnet18dilated-ppm_deepsup`; wins over the configuration's. */
  architecture?: `${string}-${string}`;
  /** Keys of the configuration with their values, such as `{"DATASET.num_class": 11}`; win over the configuration's. */
  set?: Readonly<Record<string, unknown>>;
  /** Where the two weights lie. Default: as the configuration says, then the cache, then MIT's server. */
  weights?: WeightFiles;
  /** Default `auto`: native GPU, native CPU, WebAssembly, the first that starts. */
  backend?: EngineName | "auto";
  /** Receives notes on engines and downloads. Default: nothing is printed. */
  log?: (line: string) => void;
  /** Stops a download, and whatever else goes on. */
  signal?: AbortSignal;
}

/**
 * Resolves a program's options: the configuration that they make, and who hears of downloads.
 *
 * @throws {CliError} `config`.
 */
export function resolveOptions({
  config: cfg,
  architecture,
  set = {},
  log = () => {},
  signal,
}: Omit<ModelOptions, "weights">): { resolved: Resolved; surroundings: LocateOptions } {
  const [encoder, ...rest] = architecture?.split("-") ?? [];
  const pair = encoder ? { "MODEL.arch_encoder": encoder, "MODEL.arch_decoder": rest.join("-") } : {};
  const flags = Object.entries({ ...pair, ...set }).map(([key, value]) => ({
    key,
    value,
    origin: "in the options",
    typed: true,
  }));
  const resolved = loadConfig({ ...(cfg !== undefined && { cfg }), flags });
  const terminal: Reporter = {
    note: log,
    warn: log,
    drawsBars: false,
    progress: () => ({ update() {}, stop() {} }),
  };
  return { resolved, surroundings: { env: process.env, terminal, signal } };
}

/**
 * Resolves the configuration.
 *
 * @param section - whose `checkpoint` is wanted.
 * @returns it, and what finds or downloads the weights; that throws a {@link CliError} `missing`, in one line with the way out.
 * @throws {CliError} `config`.
 */
export function resolveModel(
  options: ModelOptions,
  section: "TEST" | "VAL",
): { resolved: Resolved; locate: () => Promise<WeightFiles> } {
  const { resolved, surroundings } = resolveOptions(options);
  const locate = async () => options.weights ?? (await locateWeights(resolved, { ...surroundings, section }));
  return { resolved, locate };
}
