import { duration } from "../duration.ts";
import type { Progress, Terminal } from "../terminal.ts";
import type { IterationProgress, TrainProgress } from "./progress.ts";

/** Shows a training on a terminal: the original's lines, or JSON, and a bar for each epoch. */
export function showTraining(terminal: Terminal, json: boolean): { show(progress: TrainProgress): void; stop(): void } {
  let bar: (Progress & { title: string }) | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  const advance = (title: string, done: number, total: number, note: string) => {
    if (bar?.title !== title) {
      stop();
      bar = { title, ...terminal.progress(title, total, "{value}/{total} {note}") };
    }
    bar.update(done, undefined, note);
  };
  return {
    stop,
    show(progress) {
      if (progress.type === "scoring") {
        advance("Validation", progress.done, progress.total, "");
        return;
      }
      if (progress.type === "iteration") {
        const { epoch, epochs, iteration, iterations, loss, secondsLeft, printed } = progress;
        const note = `loss ${loss.toFixed(3)}, ${duration(secondsLeft)} left`;
        advance(`Epoch ${epoch}/${epochs}`, iteration + 1, iterations, note);
        if (!printed) return;
        if (!json) terminal.print(lineOf(progress));
      }
      if (json) terminal.print(JSON.stringify(progress));
      else if (progress.type === "checkpoint") {
        terminal.note(`Saved ${progress.files.join(", ")} in ${progress.folder}`);
      } else if (progress.type === "validation") {
        const { epoch, meanIou, pixelAccuracy, shortSide, best } = progress;
        const scores = `mean IoU ${meanIou.toFixed(4)}, pixel accuracy ${(pixelAccuracy * 100).toFixed(2)}%`;
        terminal.print(
          `Validation after epoch ${epoch}, short side ${shortSide}: ${scores}${best ? ", the best so far" : ""}`,
        );
      }
    },
  };
}

/** The original's own line. */
function lineOf({ epoch, iteration, iterations, time, data, ...progress }: IterationProgress): string {
  const { lrEncoder, lrDecoder, accuracy, loss } = progress;
  return [
    `Epoch: [${epoch}][${iteration}/${iterations}]`,
    `Time: ${time.toFixed(2)}`,
    `Data: ${data.toFixed(2)}`,
    `lr_encoder: ${lrEncoder.toFixed(6)}`,
    `lr_decoder: ${lrDecoder.toFixed(6)}`,
    `Accuracy: ${(accuracy * 100).toFixed(2)}`,
    `Loss: ${loss.toFixed(6)}`,
  ].join(", ");
}
