import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { type ConfigSources, DEMO_MODEL, loadConfig, type Setting } from "@seg/pipeline/config";
import { Option } from "commander";
import { UsageError } from "../errors.ts";
import { type ConfigOptions, KEYS_BY_FLAGS } from "./config-flags.ts";

/** The sources of the configuration that these flags and trailing pairs name. */
export function configSources(options: ConfigOptions, pairs: readonly string[]): ConfigSources {
  const settings: Setting[] = [];
  const set = (key: string, value: unknown, origin: string) => settings.push({ key, value, origin, explicit: true });
  for (const [flags, key] of KEYS_BY_FLAGS) {
    const option = new Option(flags);
    const value = options[option.attributeName()];
    // One size may hold several: --sizes 300,375 or --sizes "(300, 375)".
    if (value !== undefined) set(key, Array.isArray(value) && value.length === 1 ? value[0] : value, option.long!);
  }
  if (options.id !== undefined) set("DIR", folderOf(options.id, options.ckpt), "--id");
  if (options.modelPath !== undefined) set("DIR", options.modelPath, "--model-path");
  if (options.suffix !== undefined) {
    if (!/^_./.test(options.suffix)) {
      const explanation = { expected: "a --suffix such as _epoch_20.pth", received: `"${options.suffix}"` };
      throw new UsageError(explanation, { flag: "--suffix", value: options.suffix });
    }
    for (const key of ["VAL.checkpoint", "TEST.checkpoint"]) set(key, options.suffix.slice(1), "--suffix");
  }
  const { cfg, set: given = [] } = options;
  if (!options.demo) return inFolder(options, { cfg, set: given, pairs, flags: settings });
  if (cfg !== undefined) {
    const explanation = { expected: "--demo or --cfg", received: "both", hint: "leave one of them out" };
    throw new UsageError(explanation, { flag: "--demo", value: cfg });
  }
  // What is set beside it wins.
  const demo = Object.entries(DEMO_MODEL.set).map(([key, value]) => `${key}=${value}`);
  return { cfg: DEMO_MODEL.config, set: [...demo, ...given], pairs, flags: settings };
}

/** The folder of that name in `--ckpt`; where only the name by itself is a folder, as in `--id ckpt/mine`, that one. */
function folderOf(id: string, ckpt = "ckpt"): string {
  const folder = join(ckpt, id);
  return /[/\\]/.test(id) && !existsSync(folder) && existsSync(id) ? id : folder;
}

/** With `--ckpt` alone, the checkpoint's folder is that of the configuration, in there. */
function inFolder({ ckpt, id, modelPath }: ConfigOptions, sources: ConfigSources): ConfigSources {
  if (ckpt === undefined || id !== undefined || modelPath !== undefined) return sources;
  const { config, settings } = loadConfig(sources);
  if (settings.get("DIR")?.explicit) return sources;
  const value = join(ckpt, basename(config.DIR));
  return { ...sources, flags: [...sources.flags!, { key: "DIR", value, origin: "--ckpt", explicit: true }] };
}
