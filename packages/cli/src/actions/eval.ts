import type { InferenceEngineName } from "@seg/pipeline";
import { loadConfig } from "@seg/pipeline/config";
import type { Evaluation } from "@seg/pipeline/evaluate";
import type { ConfigOptions } from "../flags/config-flags.ts";
import { configSources } from "../flags/config-sources.ts";
import { countFlag } from "../flags/count-flag.ts";
import { mpiRank } from "../flags/distributed.ts";
import { parseGpus } from "../flags/gpus.ts";
import { photoLimit } from "../flags/photo-limit.ts";
import { digits, showProgress } from "../terminal/show-progress.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg eval`. */
export interface EvalOptions extends ConfigOptions {
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

/** Does what `seg eval` is asked to. */
export async function score(pairs: readonly string[], options: EvalOptions, io: Io): Promise<void> {
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
