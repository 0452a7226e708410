import type { Progress, Terminal } from "../terminal.ts";
import type { IterationProgress, TrainProgress } from "./progress.ts";

/** Shows a training on a terminal: the original's lines, or JSON, and a bar for each epoch. */
export function showTraining(terminal: Terminal, json: boolean): { show(progress: TrainProgress): void; stop(): void } {
  let bar: (Progress & { epoch: number }) | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    show(progress) {
      if (progress.type === "iteration") {
        const { epoch, epochs, iteration, iterations, loss, secondsLeft, printed } = progress;
        if (bar?.epoch !== epoch) {
          stop();
          bar = { epoch, ...terminal.progress(`Epoch ${epoch}/${epochs}`, iterations, "{value}/{total} {note}") };
        }
        bar?.update(iteration + 1, undefined, `loss ${loss.toFixed(3)}, ${duration(secondsLeft)} left`);
        if (!printed) return;
        if (!json) terminal.print(lineOf(progress));
      }
      if (json) terminal.print(JSON.stringify(progress));
      else if (progress.type === "checkpoint") {
        terminal.note(`Saved ${progress.files.join(", ")} in ${progress.folder}`);
      } else if (progress.type === "validation") {
        const { epoch, meanIou, pixelAccuracy, best } = progress;
        terminal.print(
          `Validation after epoch ${epoch}: mean IoU ${meanIou.toFixed(4)}, pixel accuracy ${(pixelAccuracy * 100).toFixed(2)}%${best ? ", the best so far" : ""}`,
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

function duration(seconds: number): string {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.ceil(seconds % 60)];
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
