import { shown } from "@seg/errors";
import { parseAssignment, parsePairs, type Resolved, resolveConfig, type Setting } from "@seg/segmenter/config";
import { PipelineError, refuseUnknown } from "../errors.ts";
import { findBeside, folderSettings } from "./folder.ts";
import { configFile, presetSettings } from "./presets.ts";
import { readYamlFile } from "./yaml.ts";

/** Where the values of a configuration come from, weakest first. */
export interface ConfigSources {
  /** A YAML file, or the name of a preset. */
  cfg?: string;
  /** Trailing `KEY`, `VALUE`, `KEY`, `VALUE`, … */
  pairs?: readonly string[];
  /** `KEY=VALUE` each, or keys with their values, such as `{"DATASET.num_class": 11}`, as other functions take them. */
  set?: readonly string[] | Readonly<Record<string, unknown>>;
  /** What flags of their own say. */
  flags?: readonly Setting[];
  /**
   * Whether the `config.yaml` of a trained folder takes the place of `cfg` where that is left out and `DIR` is set; default true.
   */
  fromFolder?: boolean | undefined;
}

/**
 * Makes a configuration of its sources; a flag beats `--set` and pairs, these beat the file, the file beats defaults. Where no file
 * is named but a folder `DIR` that a training left, its configuration is the file.
 *
 * @throws {PipelineError} `config` or `option`, with the file and line, or the flag, at fault.
 *
 * @example
 * ```ts
 * import { loadConfig } from "@seg/pipeline/config";
 *
 * const { config } = loadConfig({ cfg: "resnet50dilated-ppm_deepsup" });
 * console.log(config.DATASET.num_class); // 150
 * ```
 */
export function loadConfig(sources: ConfigSources = {}): Resolved {
  refuseUnknown(sources, ["cfg", "pairs", "set", "flags", "fromFolder"], "a source of loadConfig");
  const { cfg, pairs = [], set = [], flags = [], fromFolder = true } = sources;
  const given = [...parsePairs(pairs), ...settingsOf(set), ...flags];
  const dir = fromFolder ? given.findLast(({ key }) => key === "DIR")?.value : undefined;
  const folder = typeof dir === "object" ? "" : String(dir ?? "");
  const file = cfg === undefined ? (folder ? folderSettings(folder, given) : []) : namedFile(configFile(cfg));
  return resolveConfig([...file, ...given], presetSettings);
}

function settingsOf(set: NonNullable<ConfigSources["set"]>): Setting[] {
  if (Array.isArray(set)) return set.map(parseAssignment);
  if (typeof set !== "object" || set === null) {
    const received = shown(set);
    const explanation = { expected: "words KEY=VALUE, or an object of keys and values, for set", received };
    throw new PipelineError("option", explanation, { data: { option: "set", received } });
  }
  return Object.entries(set).map(([key, value]) => ({ key, value, origin: "in the options", explicit: true }));
}

const namedFile = (file: string) => findBeside(file, readYamlFile(file, { pipe: true }));
