import type { EngineName } from "@seg/backend";
import { type ConfigSources, loadConfig, type Resolved } from "@seg/pipeline/config";
import type { ClassOccurrence, FolderSources } from "@seg/pipeline/dataset";
import { Command, Option } from "commander";
import { EXIT } from "../exit-code.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { countFlag } from "../flags/count-flag.ts";
import { mpiRank } from "../flags/distributed.ts";
import { parseGpus } from "../flags/gpus.ts";
import { addTrainingFlags, trainingSettings } from "../flags/training-flags.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { TRAINING_BACKENDS } from "./test.ts";

/** What commander makes of the flags of `seg train`. */
interface TrainOptions extends ConfigOptions {
  images?: string;
  labels?: string;
  labelSuffix?: string;
  valSplit?: string;
  valImages?: string;
  valLabels?: string;
  fromScratch?: boolean;
  resume?: boolean;
  strict?: boolean;
  check?: boolean;
  gpus?: string;
  numGpus?: string;
  replicas?: string;
  distributed?: "mpi";
  backend: EngineName | "auto";
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `seg train`: trains a network. */
export function trainCommand(io: Io, exit: (code: number) => void): Command {
  const command = new Command("train")
    .description("train a network: checkpoints go to the folder DIR")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11 DIR ckpt/mine")
    .option("--resume", "go on from the last whole checkpoint in DIR, if there is one")
    .option("--from-scratch", "begin with random weights where --weights-encoder names none, not with ImageNet's")
    .option(
      "--strict",
      "every weight of --weights-encoder and --weights-decoder must fit, the last layers' number of classes too",
    )
    .option("--no-strict", "take what fits of them, whatever they are of, and begin the rest anew")
    .option("--check", "only look at every photo and label for what training would stumble over")
    .option("--images <folder>", "training photos, instead of a list")
    .option("--labels <folder>", "their labels: PNG files of the same names")
    .option(
      "--label-suffix <text>",
      "what labels' names have behind their photos', such as _mask; usual ones are known",
    )
    .option("--val-split <share>", "set aside this share of --images for validation, such as 0.1; the lists go to DIR")
    .option("--val-images <folder>", "validation photos, instead of a share")
    .option("--val-labels <folder>", "their labels")
    .option("--gpus <list>", "GPUs to train on, a replica on each, such as 0 or 0-3,6")
    .option("--num-gpus <n>", "the first n GPUs")
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
  return addTrainingFlags(addConfigFlags(command, { lists: true }))
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: TrainOptions) => exit(await trainNetwork(pairs, options, io)));
}

async function trainNetwork(pairs: readonly string[], options: TrainOptions, io: Io): Promise<number> {
  const { signal, env } = io;
  const mpi = mpiRank(options.distributed);
  // The first rank's counts, and on other hosts there need be none.
  const follows = mpi !== undefined && mpi.rank > 0;
  const resolved = follows ? undefined : loadConfig(sources(options, pairs));
  // Of many processes, the first speaks.
  const terminal = new Terminal(io, { quiet: options.quiet || follows });
  const gpus = gpusOf(options);
  const replicas = countFlag("--replicas", options.replicas);
  const folders = folderSources(options);
  if (options.check) return !resolved ? EXIT.DONE : check(resolved, folders, options, terminal, signal);

  // Read by TensorFlow when it is loaded; by itself it would leave no memory of a GPU to evaluations.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  const { train } = await import("@seg/pipeline/train");
  const { context, stop } = showProgress(terminal, { json: options.json, signal });
  try {
    const { resume, fromScratch, backend, mirror } = options;
    const training = await train({
      ...{ config: resolved, resume, fromScratch, gpus, replicas, backend, mirror, env, mpi },
      ...folders,
      ...context,
    });
    stop();
    if (!training) return EXIT.DONE;
    const { folder, checkpoint } = training;
    if (options.json) terminal.print(JSON.stringify({ type: "done", folder, checkpoint }));
    terminal.note(`Training is done. To use it: seg test photo.jpg DIR ${shellWord(folder)}, and seg eval likewise.`);
    return EXIT.DONE;
  } finally {
    stop();
  }
}

function sources(options: TrainOptions, pairs: readonly string[]): ConfigSources {
  const { flags = [], ...others } = configSources(options, pairs);
  // A training that begins anew does not follow what an earlier one left in DIR.
  return { ...others, flags: [...flags, ...trainingSettings(options)], fromFolder: options.resume ?? false };
}

/** The GPUs by number; in the 2018 way, the first so many. */
function gpusOf({ gpus, numGpus }: TrainOptions): number[] | undefined {
  if (gpus !== undefined) return parseGpus(gpus);
  const count = countFlag("--num-gpus", numGpus);
  return count === undefined ? undefined : parseGpus(`0-${count - 1}`);
}

function folderSources({ images, labels, labelSuffix, valSplit, valImages, valLabels }: TrainOptions): FolderSources {
  const share = valSplit === undefined ? undefined : Number(valSplit.trim() || "no number");
  return { images, labels, labelSuffix, valSplit: share, valImages, valLabels };
}

async function check(
  resolved: Resolved,
  sources: FolderSources,
  { json, listVal }: TrainOptions,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { briefly, checkLists, divideFolders } = await import("@seg/pipeline/dataset");
  const { context, stop } = showProgress(terminal, { signal });
  try {
    const needVal = listVal !== undefined;
    const folders = await divideFolders(resolved, sources, { ...context, keepUnreadable: true });
    const reports = await checkLists(resolved.config, { needVal, ...(folders && { folders }), ...context });
    stop();
    if (json) {
      for (const { problems, counts, ...report } of reports) {
        const { pixels, unlabeled } = counts;
        terminal.print(
          JSON.stringify({ ...report, pixels, unlabeled, problems: problems.map(({ message }) => message) }),
        );
      }
    } else {
      for (const { list, checked, problemCount, problems, counts, summary, occurrences, warnings } of reports) {
        for (const line of briefly(problems.map(({ message }) => message))) terminal.print(line);
        if (counts.pixels > 0) {
          terminal.print(summary);
          for (const line of occurrenceTable(occurrences)) terminal.print(line);
        }
        for (const line of warnings) terminal.warn(line);
        const more = problemCount > problems.length ? `, of which ${problems.length} are shown` : "";
        const photos = `${checked} ${checked === 1 ? "photo" : "photos"} and ${checked === 1 ? "its label" : "labels"}`;
        terminal.print(`${list}: ${photos}, ${problemCount} ${problemCount === 1 ? "problem" : "problems"}${more}`);
      }
    }
    return reports.every(({ problemCount }) => problemCount === 0) ? EXIT.DONE : EXIT.FAILED;
  } finally {
    stop();
  }
}

/** The classes that occur, the largest first. */
function occurrenceTable(occurrences: readonly ClassOccurrence[]): string[] {
  const present = occurrences.filter(({ images }) => images > 0);
  const rows = present
    .slice(0, ROWS)
    .map(({ number, name, pixels, share, images }) => [
      ...[String(number), name, String(pixels), `${(share * 100).toFixed(2)}%`, String(images)],
    ]);
  const more = present.length - rows.length;
  return [...table(["class", "name", "pixels", "share", "images"], rows), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** How many classes a table shows; JSON has all. */
const ROWS = 30;

const EXAMPLES = `
DIR gets encoder_epoch_N.pth and decoder_epoch_N.pth, which PyTorch opens, history_epoch_N.json, and trainer_epoch_N.safetensors, from
which --resume goes on. An interrupt (Ctrl-C, SIGTERM) saves first.

Examples:
  seg train --cfg resnet50dilated-ppm_deepsup --workers 4
  seg train --cfg mobilenetv2dilated-c1_deepsup --list-train data/train.odgt --num-class 11 --epochs 3 DIR ckpt/mine
  seg train --images photos/ --labels masks/ --val-split 0.1 --num-class 2 --label-map mask DIR ckpt/mine
  seg train --check --list-train data/train.odgt --num-class 11
  seg train --cfg my.yaml --resume
  seg train --id mine --resume
  seg train --cfg my.yaml --gpus 0-3
  mpirun -np 16 -H a:8,b:8 seg train --cfg my.yaml`;
