import type { Setting } from "@seg/pipeline/config";
import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";

// Flags that set one key each, as the original's train.py of 2018 had them.
const FLAGS = [
  ["--list-train <file>", "DATASET.list_train", "list of training photos and labels (odgt)"],
  ["--random-flip [flag]", "DATASET.random_flip", "mirror half of the photos"],
  ["--epochs, --num-epoch <n>", "TRAIN.num_epoch", "how many epochs"],
  ["--epoch-iters <n>", "TRAIN.epoch_iters", "iterations of an epoch"],
  ["--batch-size, --batch-size-per-gpu <n>", "TRAIN.batch_size_per_gpu", "photos of a batch on each GPU or replica"],
  ["--optim <name>", "TRAIN.optim", "SGD or Adam"],
  ["--lr-encoder <rate>", "TRAIN.lr_encoder", "learning rate of the encoder at the beginning"],
  ["--lr-decoder <rate>", "TRAIN.lr_decoder", "that of the decoder"],
  ["--lr-pow <power>", "TRAIN.lr_pow", "power by which both fall to 0"],
  ["--beta1 <n>", "TRAIN.beta1", "momentum"],
  ["--weight-decay <n>", "TRAIN.weight_decay", "weight decay of convolutions"],
  ["--deep-sup-scale <n>", "TRAIN.deep_sup_scale", "weight of the auxiliary loss"],
  ["--fix-bn [flag]", "TRAIN.fix_bn", "leave batch norm's statistics as they are"],
  ["--workers <n>", "TRAIN.workers", "how many loaders take turns, each with random numbers of its own"],
  ["--disp-iter <n>", "TRAIN.disp_iter", "iterations between two printed lines"],
  ["--seed <n>", "TRAIN.seed", "where random numbers begin"],
] as const;

/** The flag of a training that sets a key, by the key. */
export const TRAINING_KEY_FLAGS: ReadonlyMap<string, string> = new Map(
  FLAGS.map(([flags, key]) => [key, new Option(flags).long!]),
);

const START_EPOCH = new Option(
  "--start-epoch <n>",
  "epoch to begin with, from 1; the one before it lies in DIR. TRAIN.start_epoch counts those that are done",
);

/** Adds the flags that set keys of a training. */
export function addTrainingFlags(command: Command): Command {
  for (const [flags, , description] of FLAGS) {
    command.addOption(new Option(flags, description).helpGroup("Training:"));
  }
  return command.addOption(START_EPOCH.helpGroup("Training:"));
}

/** The settings that they make. */
export function trainingSettings(options: Readonly<Record<string, unknown>>): Setting[] {
  const settings: Setting[] = FLAGS.flatMap(([flags, key]) => {
    const option = new Option(flags);
    const value = options[option.attributeName()];
    return value === undefined ? [] : [{ key, value: option.optional ? asFlag(value) : value, ...from(option) }];
  });
  const { strict } = options;
  if (strict !== undefined) {
    settings.push({ key: "TRAIN.strict", value: strict, origin: strict ? "--strict" : "--no-strict", explicit: true });
  }
  const start = options[START_EPOCH.attributeName()];
  if (start === undefined) return settings;
  if (typeof start === "string" && /^[1-9]\d{0,8}$/.test(start)) {
    return [...settings, { key: "TRAIN.start_epoch", value: Number(start) - 1, ...from(START_EPOCH) }];
  }
  const explanation = { expected: "an epoch of at least 1 for --start-epoch", received: `"${start}"` };
  throw new UsageError(explanation, { flag: "--start-epoch", value: String(start) });
}

const from = ({ long }: Option) => ({ origin: long!, explicit: true });

/** A flag of 2018 takes 0 and 1, or stands alone. */
function asFlag(value: unknown): unknown {
  return value === "1" || value === "0" ? value === "1" : value;
}
