import type { InferenceEngineName } from "@seg/pipeline";
import { loadConfig } from "@seg/pipeline/config";
import type { Evaluation } from "@seg/pipeline/evaluate";
import { Command, Option } from "commander";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { countFlag } from "../flags/count-flag.ts";
import { mpiRank } from "../flags/distributed.ts";
import { parseGpus } from "../flags/gpus.ts";
import { digits, showProgress } from "../terminal/show-progress.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { BACKENDS, photoLimit } from "./test.ts";

/** What commander makes of the flags of `seg eval`. */
interface EvalOptions extends ConfigOptions {
  images?: string;
  labels?: string;
  labelSuffix?: string;
  multiScale?: boolean;
  flip?: boolean;
  numVal?: string;
  workers?: string;
  gpus?: string;
  backend: InferenceEngineName | "auto";
  result?: string;
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Where results go unless the command line says so; `TEST.result` of a file is meant for `seg test`. */
const RESULT_FOLDER = "result";

/** `seg eval`: scores a network on photos whose labels are known. */
export function evalCommand(io: Io): Command {
  const command = new Command("eval")
    .description("score a network on photos whose labels are known: mean IoU, pixel accuracy, and each class's own")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11")
    .option("--images <folder>", "photos, instead of a list")
    .option("--labels <folder>", "their labels: PNG files of the same names")
    .option(
      "--label-suffix <text>",
      "what labels' names have behind their photos', such as _mask; usual ones are known",
    )
    .option("--multi-scale", "score at all of DATASET.imgSizes and average, not at 450 alone")
    .option("--flip", "also look at each photo's mirror image and average")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .option("--replicas, --workers <n>", "processes, each with an engine of its own; one, or one for each of --gpus")
    .option("--gpus <list>", "GPUs that the workers take in turn, such as 0 or 0-3,6")
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors");
  return addConfigFlags(command, { lists: true, demo: true })
    .addHelpText("after", EXAMPLES)
    .action((pairs: string[], options: EvalOptions) => score(pairs, options, io));
}

async function score(pairs: readonly string[], options: EvalOptions, io: Io): Promise<void> {
  const mpi = mpiRank();
  const speaks = !mpi || mpi.rank === 0;
  const terminal = new Terminal(io, { quiet: options.quiet || !speaks });
  const { signal, env } = io;
  // What is quickly found wrong is told before anything is downloaded or loaded.
  const resolved = loadConfig(configSources(options, pairs));
  const gpus = options.gpus === undefined ? undefined : parseGpus(options.gpus);
  const workers = countFlag("--workers", options.workers);
  const limit = photoLimit(options.numVal);

  const { images, labels, labelSuffix, multiScale, flip, backend, mirror } = options;
  const result = resolved.settings.get("TEST.result")?.explicit ? resolved.config.TEST.result : RESULT_FOLDER;
  const { context, stop } = showProgress(terminal, { signal });
  const { evaluate } = await import("@seg/pipeline/evaluate");
  let evaluation: Evaluation;
  try {
    evaluation = await evaluate({
      ...{
        config: resolved,
        images,
        labels,
        labelSuffix,
        multiScale,
        flip,
        limit,
        workers,
        gpus,
        result,
        backend,
        mirror,
        env,
        mpi,
      },
      ...context,
    });
  } finally {
    stop();
  }
  if (!speaks) return;
  if (options.json) terminal.print(JSON.stringify(evaluation));
  else for (const line of report(evaluation)) terminal.print(line);
  terminal.note(`The numbers and a picture of the confusion matrix are in ${result}.`);
}

/** A table of the classes, then the scores of all. */
function report(evaluation: Evaluation): string[] {
  const { classes, images, sizes, flip, engine, workers } = evaluation;
  const rows = classes.map(({ index, name, iou, accuracy, precision, f1, truePixels }) => [
    ...[String(index), name],
    ...[iou, accuracy, precision, f1, truePixels / evaluation.pixels].map(digits),
  ]);
  const scores = [
    ["mean IoU", digits(evaluation.meanIou)],
    ["mean IoU of the classes present", digits(evaluation.meanIouPresent)],
    ["pixel accuracy", digits(evaluation.pixelAccuracy)],
    ["mean accuracy", digits(evaluation.meanAccuracy)],
    ["frequency-weighted IoU", digits(evaluation.frequencyWeightedIou)],
    ["overall score", digits(evaluation.overallScore)],
    ["seconds per image", evaluation.secondsPerImage.toFixed(3)],
  ] as const;
  const scale = `${sizes.length === 1 ? "short side" : "short sides"} ${sizes.join(", ")}${flip ? ", with mirror images" : ""}`;
  return [
    ...table(["class", "name", "IoU", "accuracy", "precision", "F1", "share"], rows),
    "",
    `${images} ${images === 1 ? "image" : "images"}, ${scale}; ${engine}, ${workers} ${workers === 1 ? "worker" : "workers"}`,
    ...scores.map(([what, score]) => `${what}: ${score}`),
  ];
}

const EXAMPLES = `
Without --sizes or --multi-scale, photos are scored at a short side of 450. Results are also written to --result, ./result
unless given: evaluation.json, confusion.png, and with --visualize a picture of each photo: truth, prediction, where it is wrong,
scores and a legend.

Examples:
  seg eval --id mine
  seg eval --cfg resnet50dilated-ppm_deepsup --gpus 0-3
  seg eval --cfg my.yaml --list-val data/val.odgt --sizes 360 --workers 2 DATASET.num_class 11 VAL.checkpoint epoch_14.pth
  seg eval --cfg my.yaml --images photos/ --labels labels/ --multi-scale --flip --visualize
  seg eval --id ade20k-resnet18dilated-ppm_deepsup --suffix _epoch_20.pth --arch_encoder resnet18dilated --arch_decoder ppm_deepsup`;
