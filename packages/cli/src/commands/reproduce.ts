import type { InferenceEngineName, ReproducedRow } from "@seg/pipeline";
import { Command, Option } from "commander";
import { EXIT } from "../exit-code.ts";
import { countFlag } from "../flags/count-flag.ts";
import { parseGpus } from "../flags/gpus.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { BACKENDS, photoLimit } from "./test.ts";

/** What commander makes of the flags of `seg reproduce`. */
interface ReproduceFlags {
  multiScale?: boolean;
  data: string;
  from?: string;
  url?: string;
  result: string;
  again?: boolean;
  numVal?: string;
  workers?: string;
  gpus?: string;
  backend: InferenceEngineName | "auto";
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `seg reproduce`: measures the original's results table. */
export function reproduceCommand(io: Io, exit: (code: number) => void, backoff?: number): Command {
  return new Command("reproduce")
    .description("measure the original's results table: its weights on ADE20K's validation photos, beside its figures")
    .argument("[rows...]", "presets, such as resnet50dilated-ppm_deepsup; all of the table unless given")
    .option("--multi-scale", "at all five short sides, averaged, not at 450 alone")
    .option(
      "--root-dataset, --data <folder>",
      "ADE20K, fetched into it where it is not there; or a list (odgt)",
      "./data",
    )
    .option("--from <zip>", "a zip file of ADE20K that is here already, instead of downloading it")
    .option("--url <address>", "another address of the zip file than MIT's")
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--result <folder>", "where rows that are done are kept", "reproduce")
    .option("--again", "measure rows again that are done")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .option("--replicas, --workers <n>", "processes, each with an engine of its own; one, or one for each of --gpus")
    .option("--gpus <list>", "GPUs that the workers take in turn, such as 0 or 0-3,6")
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors")
    .addHelpText("after", EXAMPLES)
    .action(async (rows: string[], flags: ReproduceFlags) => exit(await measure(rows, flags, io, backoff)));
}

async function measure(rows: string[], flags: ReproduceFlags, io: Io, backoff?: number): Promise<number> {
  const terminal = new Terminal(io, { quiet: flags.quiet });
  const { multiScale, data, from, url, mirror, result, again, backend } = flags;
  const gpus = flags.gpus === undefined ? undefined : parseGpus(flags.gpus);
  const workers = countFlag("--workers", flags.workers);
  const limit = photoLimit(flags.numVal);
  const { reproduce } = await import("@seg/pipeline/reproduce");
  const { context, stop } = showProgress(terminal, { signal: io.signal });
  const done: ReproducedRow[] = [];
  const onRow = (row: ReproducedRow) => {
    stop();
    done.push(row);
    if (row.error) terminal.warn(`${row.row}: ${row.error.message}`);
  };
  try {
    const reproduction = await reproduce({
      ...{ rows, multiScale, data, from, url, mirror, result, again, limit, workers, gpus, backend },
      ...{ env: io.env, backoff, onRow, ...context },
    });
    stop();
    if (flags.json) terminal.print(JSON.stringify(reproduction));
    else for (const line of report(done)) terminal.print(line);
    const { photos, comparable } = reproduction;
    if (!comparable) {
      const many = `${photos} ${photos === 1 ? "photo" : "photos"}`;
      terminal.note(`Scored on ${many}, not on ADE20K's 2000 for validation: the differences say nothing.`);
    }
  } catch (error) {
    stop();
    // An interrupt need not hide what hours have measured.
    if (!flags.json && done.length > 0) for (const line of report(done)) terminal.print(line);
    throw error;
  } finally {
    stop();
  }
  const codes = done.flatMap(({ error }) => (error ? [error.code] : []));
  if (codes.length === 0) return EXIT.DONE;
  return codes.every((code) => code === "missing") ? EXIT.MISSING : EXIT.FAILED;
}

const HEAD = [
  ...["row", "mIoU", "published", "difference", "accuracy", "published", "difference"],
  ...["photos/s", "on a Titan Xp", "engine"],
];

/** The table in percent, as the original's, then what is to be known of its figures. */
function report(rows: readonly ReproducedRow[]): string[] {
  const lines = rows.map(({ row, measured, published, difference, note }) => [
    note ? `${row} *` : row,
    ...[hundredths(measured?.meanIou), hundredths(published?.meanIou), signed(difference?.meanIou)],
    ...[hundredths(measured?.pixelAccuracy), hundredths(published?.pixelAccuracy), signed(difference?.pixelAccuracy)],
    ...[speed(measured?.photosPerSecond), published ? published.photosPerSecond.toFixed(1) : "-"],
    measured ? `${measured.engine}${measured.workers > 1 ? `, ${measured.workers} workers` : ""}` : "failed",
  ]);
  const notes = rows.flatMap(({ note }) => (note ? [`* ${note}`] : []));
  return [...table(HEAD, lines), ...notes];
}

const isNumber = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);
const hundredths = (percent: number | undefined) => (isNumber(percent) ? percent.toFixed(2) : "-");
const signed = (percent: number | undefined) =>
  isNumber(percent) ? `${percent > 0 ? "+" : ""}${percent.toFixed(2)}` : "-";
const speed = (value: number | undefined) => (isNumber(value) ? value.toFixed(value < 1 ? 3 : 1) : "-");

const EXAMPLES = `
A row that is done is kept in --result: run again, it goes on with the next one. A row whose weights cannot be had does not stop
the others; the exit code is 3 then, and 1 where a row failed otherwise.

Examples:
  seg reproduce
  seg reproduce resnet50dilated-ppm_deepsup resnet18dilated-ppm_deepsup --multi-scale --gpus 0-3
  seg reproduce mobilenetv2dilated-c1_deepsup --num-val 100 --data /data/ade20k --mirror http://mirror.example/pytorch`;
