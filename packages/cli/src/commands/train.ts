import type { EngineName } from "@seg/backend";
import { Command, Option } from "commander";
import { type ConfigSources, loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../config-flags.ts";
import { countFlag } from "../count-flag.ts";
import { EXIT } from "../exit-code.ts";
import { parseGpus } from "../gpus.ts";
import { launchOfMany } from "../launch-of-many.ts";
import { type Io, Terminal } from "../terminal.ts";
import { showTraining } from "../train/show-training.ts";
import { BACKENDS } from "./test.ts";

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
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--mirror <url>", "server to take ImageNet weights from instead of MIT's")
    .option("--json", "print one JSON object a line")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { lists: true })
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: TrainOptions) => exit(await train(pairs, options, io)));
}

async function train(pairs: readonly string[], options: TrainOptions, io: Io): Promise<number> {
  const { signal, env } = io;
  const { config } = loadConfig(sources(options, pairs));
  const mpi = launchOfMany(options.distributed);
  // Of many processes, the first speaks.
  const terminal = new Terminal(io, { quiet: options.quiet || (mpi && mpi.rank > 0) });
  const gpus = options.gpus === undefined ? undefined : parseGpus(options.gpus);
  const replicas = countFlag("--replicas", options.replicas);
  if (options.check) return check(config, options, terminal, signal);

  // Read by TensorFlow when it is loaded; by itself it would leave no memory of a GPU to evaluations.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  const { runTraining } = await import("../train/run-training.ts");
  const log = (line: string) => terminal.note(line);
  const warn = (line: string) => terminal.warn(line);
  const view = showTraining(terminal, Boolean(options.json));
  try {
    const { resume, fromScratch, backend, mirror } = options;
    const locate = { env, terminal, signal, ...(mirror !== undefined && { mirror }) };
    const wanted = { resume, fromScratch, gpus, replicas, onProgress: view.show };
    const training = await runTraining(config, wanted, { backend, locate, log, warn, signal, mpi });
    view.stop();
    if (!training) return EXIT.DONE;
    const { folder, checkpoint } = training;
    if (options.json) terminal.print(JSON.stringify({ type: "done", folder, checkpoint }));
    terminal.note(`Training is done. To score it: seg eval with DIR ${folder} VAL.checkpoint ${checkpoint}`);
    return EXIT.DONE;
  } finally {
    view.stop();
  }
}

function sources(options: TrainOptions, pairs: readonly string[]): ConfigSources {
  const { flags = [], ...others } = configSources(options, pairs);
  const own = Object.entries(KEYS).flatMap(([name, [origin, key]]) => {
    const value = options[name];
    return value === undefined ? [] : [{ key, value, origin, typed: true }];
  });
  return { ...others, flags: [...flags, ...own] };
}

async function check(
  config: Config,
  { json, listVal }: TrainOptions,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { checkLists } = await import("../train/check-lists.ts");
  const bar = terminal.progress("Checking", 0);
  try {
    const onProgress = (done: number, total: number) => bar.update(done, total);
    const reports = await checkLists(config, { needVal: listVal !== undefined, onProgress, signal });
    bar.stop();
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
    bar.stop();
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
  seg train --cfg my.yaml --gpus 0-3
  mpirun -np 16 -H a:8,b:8 seg train --cfg my.yaml`;
