import type { EngineName } from "@seg/backend";
import type { Config } from "@seg/pipeline/config";
import { type ConfigSources, loadConfig } from "@seg/pipeline/config";
import { Command, Option } from "commander";
import { EXIT } from "../exit-code.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { countFlag } from "../flags/count-flag.ts";
import { mpiRank } from "../flags/distributed.ts";
import { parseGpus } from "../flags/gpus.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { TRAINING_BACKENDS } from "./test.ts";

/** What commander makes of the flags of `seg train`. */
interface TrainOptions extends ConfigOptions {
  listTrain?: string;
  epochs?: string;
  workers?: string;
  fromScratch?: boolean;
  resume?: boolean;
  check?: boolean;
  gpus?: string;
  replicas?: string;
  distributed?: "mpi";
  backend: EngineName | "auto";
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

// Flags of this command alone that set one key each.
const KEYS = {
  listTrain: ["--list-train", "DATASET.list_train"],
  epochs: ["--epochs", "TRAIN.num_epoch"],
  workers: ["--workers", "TRAIN.workers"],
} as const;

/** `seg train`: trains a network. */
export function trainCommand(io: Io, exit: (code: number) => void): Command {
  const command = new Command("train")
    .description("train a network: checkpoints go to the folder DIR")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11 DIR ckpt/mine")
    .option("--resume", "go on from the last whole checkpoint in DIR, if there is one")
    .option("--from-scratch", "begin with random weights where --weights-encoder names none, not with ImageNet's")
    .option("--check", "only look at every photo and label for what training would stumble over")
    .option("--list-train <file>", "list of training photos and labels (odgt)")
    .option("--epochs <n>", "how many epochs")
    .option("--workers <n>", "how many loaders take turns, each with random numbers of its own")
    .option("--gpus <list>", "GPUs to train on, a replica on each, such as 0 or 0-3,6")
    .option("--replicas <n>", "how many replicas share the processors; each takes TRAIN.batch_size_per_gpu photos")
    .addOption(
      new Option("--distributed <by>", "insist on being started by mpirun or srun, which is seen without it").choices([
        "mpi",
      ]),
    )
    .addOption(new Option("--backend <engine>", "what computes").choices(TRAINING_BACKENDS).default("auto"))
    .option("--mirror <url>", "server to take ImageNet weights from instead of MIT's")
    .option("--json", "print one JSON object a line")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { lists: true })
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: TrainOptions) => exit(await trainNetwork(pairs, options, io)));
}

async function trainNetwork(pairs: readonly string[], options: TrainOptions, io: Io): Promise<number> {
  const { signal, env } = io;
  const resolved = loadConfig(sources(options, pairs));
  const mpi = mpiRank(options.distributed);
  // Of many processes, the first speaks.
  const terminal = new Terminal(io, { quiet: options.quiet || (mpi && mpi.rank > 0) });
  const gpus = options.gpus === undefined ? undefined : parseGpus(options.gpus);
  const replicas = countFlag("--replicas", options.replicas);
  if (options.check) return check(resolved.config, options, terminal, signal);

  // Read by TensorFlow when it is loaded; by itself it would leave no memory of a GPU to evaluations.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  const { train } = await import("@seg/pipeline/train");
  const { context, stop } = showProgress(terminal, { json: options.json, signal });
  try {
    const { resume, fromScratch, backend, mirror } = options;
    const training = await train({
      ...{ config: resolved, resume, fromScratch, gpus, replicas, backend, mirror, env, mpi },
      ...context,
    });
    stop();
    if (!training) return EXIT.DONE;
    const { folder, checkpoint } = training;
    if (options.json) terminal.print(JSON.stringify({ type: "done", folder, checkpoint }));
    terminal.note(`Training is done. To use it: seg test photo.jpg DIR ${folder}, and seg eval likewise.`);
    return EXIT.DONE;
  } finally {
    stop();
  }
}

function sources(options: TrainOptions, pairs: readonly string[]): ConfigSources {
  const { flags = [], ...others } = configSources(options, pairs);
  const own = Object.entries(KEYS).flatMap(([name, [origin, key]]) => {
    const value = options[name];
    return value === undefined ? [] : [{ key, value, origin, explicit: true }];
  });
  // A training that begins anew does not follow what an earlier one left in DIR.
  return { ...others, flags: [...flags, ...own], fromFolder: options.resume ?? false };
}

async function check(
  config: Config,
  { json, listVal }: TrainOptions,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { checkLists } = await import("@seg/pipeline/dataset");
  const { context, stop } = showProgress(terminal, { signal });
  try {
    const needVal = listVal !== undefined;
    const reports = await checkLists(config, { needVal, ...context });
    stop();
    if (json) {
      for (const { problems, ...report } of reports) {
        terminal.print(JSON.stringify({ ...report, problems: problems.map(({ message }) => message) }));
      }
    } else {
      for (const { list, checked, problemCount, problems } of reports) {
        for (const { message } of problems) terminal.print(message);
        const more = problemCount > problems.length ? `, of which ${problems.length} are shown` : "";
        terminal.print(`${list}: ${checked} photos and labels, ${problemCount} problems${more}`);
      }
    }
    return reports.every(({ problemCount }) => problemCount === 0) ? EXIT.DONE : EXIT.FAILED;
  } finally {
    stop();
  }
}

const EXAMPLES = `
DIR gets encoder_epoch_N.pth and decoder_epoch_N.pth, which PyTorch opens, history_epoch_N.json, and trainer_epoch_N.safetensors, from
which --resume goes on. An interrupt (Ctrl-C, SIGTERM) saves first.

Examples:
  seg train --cfg resnet50dilated-ppm_deepsup --workers 4
  seg train --cfg mobilenetv2dilated-c1_deepsup --list-train data/train.odgt --num-class 11 --epochs 3 DIR ckpt/mine
  seg train --check --list-train data/train.odgt --num-class 11
  seg train --cfg my.yaml --resume
  seg train --id mine --resume
  seg train --cfg my.yaml --gpus 0-3
  mpirun -np 16 -H a:8,b:8 seg train --cfg my.yaml`;
