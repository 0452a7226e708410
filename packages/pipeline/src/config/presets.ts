import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest, suggestion } from "@seg/errors";
import type { Setting } from "@seg/segmenter/config";
import { PipelineError } from "../errors.ts";
import { readYamlFile } from "./yaml.ts";

// The same two steps up from src/config and from dist/config.
const FOLDER = fileURLToPath(new URL("../../config/", import.meta.url));

/**
 * The names of the configurations that come with this package, such as `resnet50-upernet`.
 *
 * @example
 * ```ts
 * import { presetNames } from "@seg/pipeline/config";
 *
 * console.log(presetNames().includes("resnet50dilated-ppm_deepsup")); // true
 * ```
 */
export function presetNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/**
 * The settings of the preset `name`; none where there is no such one.
 *
 * @example
 * ```ts
 * import { presetSettings } from "@seg/pipeline/config";
 *
 * const settings = presetSettings("hrnetv2-c1");
 * console.log(settings.find(({ key }) => key === "MODEL.arch_encoder")?.value); // hrnetv2
 * console.log(presetSettings("hrnetv3-c1")); // []
 * ```
 */
export function presetSettings(name: string): Setting[] {
  return presetNames().includes(name) ? readYamlFile(join(FOLDER, `${name}.yaml`)) : [];
}

/**
 * The file that `--cfg` names: a path, or the name of a preset. The original's own
 * `config/ade20k-<name>.yaml` counts as a name where there is no such file.
 *
 * @throws {PipelineError} `config` if it is neither.
 */
export function configFile(cfg: string): string {
  if (existsSync(cfg)) return cfg;
  const name = cfg
    .replace(/^(\.\/)?config\//, "")
    .replace(/\.ya?ml$/, "")
    .replace(/^ade20k-/, "");
  const presets = presetNames();
  if (presets.includes(name)) return join(FOLDER, `${name}.yaml`);
  const where = dirname(cfg) === "." ? " and no preset has this name" : "";
  throw new PipelineError(
    "config",
    {
      expected: `a configuration in ${cfg}`,
      but: `there is no such file${where}`,
      hint: suggestion(name, presets),
    },
    { data: { file: cfg, nearest: nearest(name, presets) } },
  );
}
