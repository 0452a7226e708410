import type { Resolved } from "@seg/segmenter/config";
import { loadConfig } from "./config/load.ts";
import { CONTEXT_OPTIONS, type Context, type ContextOptions, contextOf } from "./context.ts";
import { PipelineError } from "./errors.ts";
import type { InferenceEngineName } from "./model/inference-engine.ts";
import type { ModelFiles } from "./weights/find.ts";
import { locateModel } from "./weights/locate.ts";
import { checkNamedFolder } from "./weights/named-folder.ts";
import type { ServerOptions } from "./weights/server.ts";

/** Which configuration. */
export interface ConfigOptions {
  /**
   * A YAML file with MIT's keys, or the name of a preset such as `resnet50dilated-ppm_deepsup`, the default; or what
   * `loadConfig` made.
   */
  config?: string | Resolved | undefined;
  /**
   * A folder of checkpoints, `DIR`: one that a training left needs no `config`, and unless a checkpoint is named, its best by validation or its newest is taken.
   */
  folder?: string | undefined;
  /** An encoder and a decoder, joined: `resnet18dilated-ppm_deepsup`; wins over the configuration's. */
  architecture?: `${string}-${string}` | undefined;
  /** Keys of the configuration with their values, such as `{"DATASET.num_class": 11}`; win over the configuration's. */
  set?: Readonly<Record<string, unknown>> | undefined;
}

/** Which network, with which weights, on which engine. */
export interface ModelOptions extends ConfigOptions, ContextOptions, ServerOptions {
  /** Where the two weights lie, or a whole model as ONNX. Default: as the configuration says, then the cache, then MIT's server. */
  weights?: ModelFiles | undefined;
  /** Default `auto`: TensorFlow on a GPU, ONNX Runtime, TensorFlow on the CPU, WebAssembly, the first that starts. */
  backend?: InferenceEngineName | "auto" | undefined;
  /** The GPU of `onnxruntime`, by number. Default: it computes on the CPU. */
  gpu?: number | undefined;
}

/** The names of {@link ModelOptions}. */
export const MODEL_OPTIONS = [
  ...["config", "folder", "architecture", "set", "mirror", "env", "backoff", "weights", "backend", "gpu"],
  ...CONTEXT_OPTIONS,
];

/**
 * The configuration that a program's options make.
 *
 * @param fromFolder - whether a trained folder's own configuration counts where none is named.
 * @throws {PipelineError} `config`; `option` if a configuration that is made already is to be changed.
 */
export function resolveConfigOptions(
  { config, folder, architecture, set = {} }: ConfigOptions,
  { fromFolder = true } = {},
): Resolved {
  for (const [option, value, isFit] of [
    ["folder", folder, typeof folder === "string" && folder !== ""],
    ["config", config, typeof config === "string" || (typeof config === "object" && config !== null)],
    ["architecture", architecture, typeof architecture === "string" && /^[^-]+-[^-]+$/.test(architecture)],
    ["set", set, typeof set === "object" && set !== null],
  ] as const) {
    if (value === undefined || isFit) continue;
    const expected = {
      folder: "the path of a folder for folder",
      config: "a preset's name, a YAML file or what loadConfig made for config",
      architecture: "an encoder and a decoder, joined by a hyphen, for architecture",
      set: "an object of keys and values for set",
    }[option];
    throw new PipelineError(
      "option",
      { expected, received: String(value) },
      { data: { option, received: String(value) } },
    );
  }
  const [encoder, ...rest] = architecture?.split("-") ?? [];
  const pair = encoder ? { "MODEL.arch_encoder": encoder, "MODEL.arch_decoder": rest.join("-") } : {};
  const given = { ...pair, ...set, ...(folder !== undefined && { DIR: folder }) };
  if (typeof config !== "object")
    return loadConfig({ ...(config !== undefined && { cfg: config }), set: given, fromFolder });
  if (Object.keys(given).length === 0) return config;
  throw new PipelineError(
    "option",
    {
      expected: "a configuration by name to set keys of",
      received: "one that is resolved already",
      hint: "give the keys to loadConfig, or the configuration's name here",
    },
    { data: { option: "config" } },
  );
}

/**
 * Resolves the configuration.
 *
 * @param section - whose `checkpoint` is wanted.
 * @returns it, who is told what, and what finds or downloads the weights; that throws a {@link PipelineError} `missing`.
 * @throws {PipelineError} `config`; `missing` if the folder that was named is not there or holds no checkpoint.
 */
export function resolveModel(
  options: ModelOptions,
  section: "TEST" | "VAL",
): { resolved: Resolved; context: Context; locate: () => Promise<ModelFiles> } {
  const resolved = resolveConfigOptions(options);
  if (!options.weights) checkNamedFolder(resolved, options);
  const locate = async () => options.weights ?? (await locateModel(resolved, { ...options, section }));
  return { resolved, context: contextOf(options), locate };
}
