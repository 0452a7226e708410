import { type Command, Option } from "commander";

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

/** The flags that set one key each, and that key. */
export const KEYS_BY_FLAGS: readonly (readonly [flags: string, key: string, description: string])[] = [
  ...FLAGS,
  ...LIST_FLAGS,
];

/** The flag that sets a key, by the key. */
export const KEY_FLAGS: ReadonlyMap<string, string> = new Map(
  KEYS_BY_FLAGS.map(([flags, key]) => [key, new Option(flags).long!]),
);

/** The argument of commands that take keys of the configuration. */
export const PAIRS = "[KEY VALUE...]";

/** The argument of commands that take photos before them. */
export const PHOTOS_AND_PAIRS = "[photos and KEY VALUE...]";

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
  for (const [flags, , description] of lists ? KEYS_BY_FLAGS : FLAGS) add(flags, description);
  add("--model-path <folder>", "folder of the checkpoint (DIR)");
  add("--id <name>", "the same, as the name of a folder in --ckpt");
  add("--ckpt <folder>", "folder of checkpoint folders; ./ckpt unless given");
  add("--suffix <suffix>", "which checkpoint, such as _epoch_20.pth");
  return command;
}
