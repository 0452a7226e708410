import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { type ConfigSources, DEMO_MODEL, loadConfig, type Setting } from "@seg/pipeline/config";
import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";

// Flags that set one key each, [flag, key, what it says].
const FLAGS = [
  ["--arch-encoder <name>", "MODEL.arch_encoder", "encoder, such as resnet50dilated"],
  ["--arch-decoder <name>", "MODEL.arch_decoder", "decoder, such as ppm_deepsup"],
  ["--fc-dim <n>", "MODEL.fc_dim", "channels between them; follows from the encoder"],
  ["--weights-encoder <file>", "MODEL.weights_encoder", "the encoder's weights"],
  ["--weights-decoder <file>", "MODEL.weights_decoder", "the decoder's weights"],
  ["--weights-onnx <file>", "MODEL.weights_onnx", "a whole model as ONNX, in their place"],
  ["--num-class <n>", "DATASET.num_class", "number of classes"],
  ["--classes <file>", "DATASET.classes", "names of the classes: JSON, CSV, or a name a line"],
  ["--sizes, --img-sizes <n...>", "DATASET.imgSizes", "short sides to test at; one of them is single-scale"],
  ["--img-max-size <n>", "DATASET.imgMaxSize", "longest side"],
  ["--padding-constant <n>", "DATASET.padding_constant", "sides are padded to a multiple of it"],
  ["--segm-downsampling-rate <n>", "DATASET.segm_downsampling_rate", "downsampling of the label in training"],
  ["--result <folder>", "TEST.result", "where pictures are written"],
  ["--visualize", "VAL.visualize", "write pictures in an evaluation"],
] as const;

// Those of commands that read lists of photos.
const LIST_FLAGS = [
  ["--list-val <file>", "DATASET.list_val", "list of validation photos and labels (odgt)"],
  ["--root-dataset <folder>", "DATASET.root_dataset", "folder that the list's paths start from"],
  ["--label-map <name>", "DATASET.label_map", "what label values mean: zero-based, mask, voc, cityscapes or a file"],
  ["--ignore-label <values>", "DATASET.ignore_label", "label values that are ignored, such as 255"],
] as const;

/** The flag that sets a key, by the key. */
export const KEY_FLAGS: ReadonlyMap<string, string> = new Map(
  [...FLAGS, ...LIST_FLAGS].map(([flags, key]) => [key, new Option(flags).long!]),
);

/** What commander makes of the flags of {@link addConfigFlags}. */
export interface ConfigOptions {
  cfg?: string;
  demo?: boolean;
  set?: string[];
  modelPath?: string;
  id?: string;
  ckpt?: string;
  suffix?: string;
  [flag: string]: unknown;
}

/** Adds the flags that make a configuration to a command; with `lists` also those that name lists of photos, with `demo` `--demo`. */
export function addConfigFlags(command: Command, { lists = false, demo = false } = {}): Command {
  const group = "Configuration:";
  const add = (flags: string, description: string) =>
    command.addOption(new Option(flags, description).helpGroup(group));
  if (demo) add("--demo", "the small model that comes along");
  add("--cfg <file>", "YAML file, or the name of a preset (see `seg config --list`)");
  command.addOption(
    new Option("--set <KEY=VALUE>", "sets one key; may be repeated")
      .argParser((value: string, before: string[] = []) => [...before, value])
      .helpGroup(group),
  );
  for (const [flags, , description] of lists ? [...FLAGS, ...LIST_FLAGS] : FLAGS) add(flags, description);
  add("--model-path <folder>", "folder of the checkpoint (DIR)");
  add("--id <name>", "the same, as the name of a folder in --ckpt");
  add("--ckpt <folder>", "folder of checkpoint folders; ./ckpt unless given");
  add("--suffix <suffix>", "which checkpoint, such as _epoch_20.pth");
  return command;
}

/** The sources of the configuration that these flags and trailing pairs name. */
export function configSources(options: ConfigOptions, pairs: readonly string[]): ConfigSources {
  const settings: Setting[] = [];
  const set = (key: string, value: unknown, origin: string) => settings.push({ key, value, origin, explicit: true });
  for (const [flags, key] of [...FLAGS, ...LIST_FLAGS]) {
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
