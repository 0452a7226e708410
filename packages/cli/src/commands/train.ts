import { Command, Option } from "commander";
import type { TrainOptions } from "../actions/train.ts";
import { backendFlag, TRAINING_BACKENDS } from "../flags/backend-flag.ts";
import { addConfigFlags, PAIRS } from "../flags/config-flags.ts";
import { addTrainingFlags } from "../flags/training-flags.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg train`: trains a network. */
export function trainCommand(io: Io, exit: (code: number) => void): Command {
  const command = new Command("train")
    .description("train a network: checkpoints go to the folder DIR")
    .argument(PAIRS, "keys to set, such as DATASET.num_class 11 DIR ckpt/mine")
    .option("--resume", "go on from the last whole checkpoint in DIR, if there is one")
    .option("--from-scratch", "begin with random weights where --weights-encoder names none, not with ImageNet's")
    .option(
      "--strict",
      "every weight of --weights-encoder and --weights-decoder must fit, the last layers' number of classes too",
    )
    .option("--no-strict", "take what fits of them, whatever they are of, and begin the rest anew")
    .option("--check", "only look at every photo and label for what training would stumble over")
    .optionsGroup("Photos:")
    .option("--images <folder>", "training photos, instead of a list")
    .option("--labels <folder>", "their labels: PNG files of the same names")
    .option(
      "--label-suffix <text>",
      "what labels' names have behind their photos', such as _mask; usual ones are known",
    )
    .option("--val-split <share>", "set aside this share of --images for validation, such as 0.1; the lists go to DIR")
    .option("--val-images <folder>", "validation photos, instead of a share")
    .option("--val-labels <folder>", "their labels")
    .optionsGroup("Options:")
    .option("--mirror <url>", "server to take ImageNet weights from instead of MIT's")
    .optionsGroup("Engines:")
    .option("--gpus <list>", "GPUs to train on, a replica on each, such as 0 or 0-3,6")
    .option("--num-gpus <n>", "the first n GPUs")
    .option("--replicas <n>", "how many replicas share the processors; each takes TRAIN.batch_size_per_gpu photos")
    .addOption(
      new Option("--distributed <by>", "insist on being started by mpirun or srun, which is seen without it").choices([
        "mpi",
      ]),
    )
    .addOption(backendFlag(TRAINING_BACKENDS))
    .optionsGroup("Output:")
    .option("--json", "print one JSON object a line")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addTrainingFlags(addConfigFlags(command, { lists: true }))
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: TrainOptions) => {
      const { trainNetwork } = await import("../actions/train.ts");
      exit(await trainNetwork(pairs, options, io));
    });
}

const EXAMPLES = `
DIR gets encoder_epoch_N.pth and decoder_epoch_N.pth, which PyTorch opens,
history_epoch_N.json, and trainer_epoch_N.safetensors, from which --resume goes
on. An interrupt (Ctrl-C, SIGTERM) saves first.

Examples:
  seg train --cfg resnet50dilated-ppm_deepsup --workers 4
  seg train --cfg mobilenetv2dilated-c1_deepsup \\
    --list-train data/train.odgt --num-class 11 --epochs 3 DIR ckpt/mine
  seg train --images photos/ --labels masks/ --val-split 0.1 \\
    --num-class 2 --label-map mask DIR ckpt/mine
  seg train --check --list-train data/train.odgt --num-class 11
  seg train --cfg my.yaml --resume
  seg train --id mine --resume
  seg train --cfg my.yaml --gpus 0-3
  mpirun -np 16 -H a:8,b:8 seg train --cfg my.yaml`;
