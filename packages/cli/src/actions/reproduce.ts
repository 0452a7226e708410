import type { InferenceEngineName, ReproducedRow } from "@seg/pipeline";
import { EXIT } from "../exit-code.ts";
import { countFlag } from "../flags/count-flag.ts";
import { parseGpus } from "../flags/gpus.ts";
import { photoLimit } from "../flags/photo-limit.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg reproduce`. */
export interface ReproduceFlags {
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

/**
 * Does what `seg reproduce` is asked to; `backoff` is the pause before another try of a download, in milliseconds.
 *
 * @returns the exit code.
 */
export async function measure(rows: string[], flags: ReproduceFlags, io: Io, backoff?: number): Promise<number> {
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
