import type { EngineName } from "@seg/backend";
import { type ConfigSources, loadConfig, type Resolved } from "@seg/pipeline/config";
import type { ClassOccurrence, FolderSources } from "@seg/pipeline/dataset";
import { EXIT } from "../exit-code.ts";
import type { ConfigOptions } from "../flags/config-flags.ts";
import { configSources } from "../flags/config-sources.ts";
import { countFlag } from "../flags/count-flag.ts";
import { mpiRank } from "../flags/distributed.ts";
import { parseGpus } from "../flags/gpus.ts";
import { trainingSettings } from "../flags/training-flags.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg train`. */
export interface TrainOptions extends ConfigOptions {
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

/**
 * Does what `seg train` is asked to.
 *
 * @returns the exit code.
 */
export async function trainNetwork(pairs: readonly string[], options: TrainOptions, io: Io): Promise<number> {
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
