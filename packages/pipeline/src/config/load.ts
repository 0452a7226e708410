import { refuseUnknown } from "../errors.ts";
import { configFile, presetSettings } from "./presets.ts";
import { type Resolved, resolveConfig } from "./resolve.ts";
import { parseAssignment, parsePairs, type Setting } from "./setting.ts";
import { readYamlFile } from "./yaml.ts";

/** Where the values of a configuration come from, weakest first. */
export interface ConfigSources {
  /** A YAML file, or the name of a preset. */
  cfg?: string;
  /** Trailing `KEY`, `VALUE`, `KEY`, `VALUE`, … */
  pairs?: readonly string[];
  /** `KEY=VALUE` each. */
  set?: readonly string[];
  /** What flags of their own say. */
  flags?: readonly Setting[];
}

/**
 * Makes a configuration of its sources; a flag beats `--set` and pairs, these beat the file, the file beats defaults.
 *
 * @throws {PipelineError} `config` or `usage`, with the file and line, or the flag, at fault.
 */
export function loadConfig(sources: ConfigSources = {}): Resolved {
  refuseUnknown(sources, ["cfg", "pairs", "set", "flags"], "a source of loadConfig");
  const { cfg, pairs = [], set = [], flags = [] } = sources;
  const given = [
    ...(cfg === undefined ? [] : readYamlFile(configFile(cfg))),
    ...parsePairs(pairs),
    ...set.map(parseAssignment),
    ...flags,
  ];
  return resolveConfig(given, presetSettings);
}
