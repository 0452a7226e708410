import { basename } from "node:path";
import type {
  ContextOptions,
  IterationEvent,
  PipelineEvent,
  ScoreEvent,
  ValidationEvent,
  WaitingEvent,
} from "@seg/pipeline";
import { duration } from "./duration.ts";
import type { Progress, Terminal } from "./terminal.ts";

/** Milliseconds between two notes where no bar can be drawn. */
const NOTE_INTERVAL = 30_000;

/** How {@link showProgress} works. */
export interface ShowOptions {
  /** Stops what is shown. */
  signal?: AbortSignal | undefined;
  /** One JSON object for each printed event of a training, in place of lines. */
  json?: boolean | undefined;
}

/**
 * Shows on a terminal how far work is: a bar for each thing that is done, and where none can be drawn, a note when it begins or now and
 * then. A training's events are results: the original's lines, or JSON.
 *
 * @returns what the pipeline is told its work by, and what takes the bar away.
 */
export function showProgress(
  terminal: Terminal,
  { json = false, signal }: ShowOptions = {},
): { context: ContextOptions; stop(): void } {
  let bar: (Progress & { title: string }) | undefined;
  let noted = performance.now();
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  const advance = (title: string, done: number, total: number, note = "", format = "{value}/{total} {note}") => {
    const begins = bar?.title !== title;
    if (begins) {
      stop();
      bar = { title, ...terminal.progress(title, total, format) };
    }
    bar?.update(done, total, note);
    return begins && !terminal.drawsBars;
  };
  const onProgress = (event: PipelineEvent): void => {
    switch (event.type) {
      case "download": {
        const { file, url, received, total = 0 } = event;
        const begins = advance(basename(file), megabytes(received), megabytes(total), "", "of {total} MB");
        if (begins) terminal.note(`Downloading ${url}`);
        return;
      }
      case "unpack": {
        const title = `Unpacking ${event.file}`;
        if (advance(title, megabytes(event.done), megabytes(event.total), "", "{value} of {total} MB")) {
          terminal.note(`${title}…`);
        }
        return;
      }
      case "check":
        advance(event.of ? `Checking ${event.of}` : "Checking", event.done, event.total);
        return;
      case "labels":
        if (json) terminal.print(JSON.stringify(event));
        else terminal.note(event.summary);
        return;
      case "segment":
        // Between two photos the bar moves by parts of one.
        advance("Segmenting", event.done, event.total, "", "");
        return;
      case "score": {
        const note = scoreNote(event);
        advance(event.epoch === undefined ? "Scoring" : "Validation", event.done, event.total, note);
        if (terminal.drawsBars || event.epoch !== undefined || performance.now() - noted < NOTE_INTERVAL) return;
        noted = performance.now();
        terminal.note(`${event.done} of ${event.total} images: ${note}`);
        return;
      }
      case "iteration": {
        const { epoch, epochs, iteration, iterations, loss, secondsLeft, printed } = event;
        const note = `loss ${loss.toFixed(3)}, ${duration(secondsLeft)} left`;
        advance(`Epoch ${epoch}/${epochs}`, iteration + 1, iterations, note);
        if (printed) terminal.print(json ? JSON.stringify(event) : iterationLine(event));
        return;
      }
      case "checkpoint":
        if (json) terminal.print(JSON.stringify(event));
        else terminal.note(`Saved ${event.files.join(", ")} in ${event.folder}`);
        return;
      case "waiting":
        if (json) terminal.print(JSON.stringify(event));
        else terminal.warn(waitingLine(event));
        return;
      case "validation":
        terminal.print(json ? JSON.stringify(event) : validationLine(event));
    }
  };
  const context = {
    log: (line: string) => terminal.note(line),
    warn: (line: string) => terminal.warn(line),
    onProgress,
    signal,
  };
  return { context, stop };
}

/** A score with four decimals, or a dash where there is none. */
export const digits = (score: number): string => (Number.isNaN(score) ? "-" : score.toFixed(4));

const scoreNote = ({ meanIouPresent, secondsLeft }: ScoreEvent) =>
  `mIoU ${digits(meanIouPresent)}, ${duration(secondsLeft)} left`;

/** The original's own line, and at its end the time that is left. */
function iterationLine({ epoch, iteration, iterations, time, data, secondsLeft, ...event }: IterationEvent): string {
  const { lrEncoder, lrDecoder, accuracy, loss } = event;
  return [
    `Epoch: [${epoch}][${iteration}/${iterations}]`,
    `Time: ${time.toFixed(2)}`,
    `Data: ${data.toFixed(2)}`,
    `lr_encoder: ${lrEncoder.toFixed(6)}`,
    `lr_decoder: ${lrDecoder.toFixed(6)}`,
    `Accuracy: ${(accuracy * 100).toFixed(2)}`,
    `Loss: ${loss.toFixed(6)}`,
    `Left: ${duration(secondsLeft)}`,
  ].join(", ");
}

function validationLine({ epoch, meanIou, pixelAccuracy, shortSide, best }: ValidationEvent): string {
  const scores = `mean IoU ${meanIou.toFixed(4)}, pixel accuracy ${(pixelAccuracy * 100).toFixed(2)}%`;
  return `Validation after epoch ${epoch}, short side ${shortSide}: ${scores}${best ? ", the best so far" : ""}`;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

/** Rank 0 scores the network now and then, for which the others wait. */
function waitingLine({ of, ranks, during, seconds }: WaitingEvent): string {
  const who = `${of}${ranks.length > 1 ? "s" : ""} ${ranks.join(", ")}`;
  const doubt = `${ranks.includes(0) ? "scoring, " : ""}slow or stopped`;
  if (of === "worker")
    return `waiting for ${who} (${during}) since ${seconds} s (slow or stopped); Ctrl-C ends the work`;
  return `waiting for ${who} since ${seconds} s (${doubt}); Ctrl-C ends the work`;
}
