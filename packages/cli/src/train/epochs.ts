import { setImmediate } from "node:timers/promises";
import type { TrainOptions as DataOptions, TrainBatch } from "@seg/ade20k-data";
import { DataParallelError, type SeededLoader } from "@seg/data-parallel";
import type { Config } from "../config/schema.ts";
import { CliError } from "../errors.ts";
import type { Position } from "./checkpoint-files.ts";
import type { IterationProgress } from "./progress.ts";
import { rateFactor } from "./schedule.ts";
import type { BatchScores, Rates, Trainer } from "./trainer.ts";

/** What the epochs of a training need, and who is told of them. */
export interface Run {
  config: Config;
  trainer: Trainer;
  loader: SeededLoader<TrainBatch, DataOptions>;
  /** Where it begins. */
  position: Position;
  /** Told of each iteration: means over the epoch so far, and the iteration's own scores. */
  onIteration: (progress: IterationProgress, own: BatchScores) => void;
  /** Writes a checkpoint. */
  save: (position: Position) => Promise<void>;
  /** Called when an epoch's checkpoint is written, and at first for the one that the training goes on from. */
  afterEpoch: (epoch: number) => Promise<void>;
  signal: AbortSignal | undefined;
}

/** Trains from the run's position to the last epoch's end; a checkpoint is written after each epoch and before it ends early. */
export async function runEpochs(run: Run): Promise<void> {
  const { num_epoch } = run.config.TRAIN;
  let { epoch, iteration } = run.position;
  if (iteration === 0 && epoch > 0) await run.afterEpoch(epoch);
  for (; epoch < num_epoch; epoch++, iteration = 0) {
    await runEpoch(run, epoch, iteration);
    await run.save({ epoch: epoch + 1, iteration: 0 });
    run.signal?.throwIfAborted();
    await run.afterEpoch(epoch + 1);
  }
}

async function runEpoch(run: Run, epoch: number, first: number): Promise<void> {
  const { config, trainer, onIteration, save, signal } = run;
  const { epoch_iters, num_epoch, disp_iter, lr_encoder, lr_decoder } = config.TRAIN;
  const means = { time: new Mean(), data: new Mean(), loss: new Mean(), accuracy: new Mean() };
  for (let iteration = first; iteration < epoch_iters; iteration++) {
    const begin = performance.now();
    const factor = rateFactor(epoch * epoch_iters + iteration, config.TRAIN);
    const rates = { encoder: lr_encoder * factor, decoder: lr_decoder * factor };
    let scores: BatchScores & { waited: number };
    try {
      scores = await runIteration(run, { epoch, iteration }, rates);
    } catch (error) {
      trainer.discard();
      // What was learned until a photo turned out to be broken need not be learned again.
      if (iteration > 0 && error instanceof DataParallelError) await save({ epoch, iteration });
      throw error instanceof DataParallelError && error.code === "sample" ? (error.cause ?? error) : error;
    }
    means.time.add((performance.now() - begin) / 1000);
    means.data.add(scores.waited / 1000);
    means.loss.add(scores.loss);
    means.accuracy.add(scores.accuracy);
    const progress: IterationProgress = {
      type: "iteration",
      epoch: epoch + 1,
      epochs: num_epoch,
      iteration,
      iterations: epoch_iters,
      printed: iteration % disp_iter === 0,
      time: means.time.value,
      data: means.data.value,
      lrEncoder: rates.encoder,
      lrDecoder: rates.decoder,
      accuracy: means.accuracy.value,
      loss: means.loss.value,
      secondsLeft: means.time.value * ((num_epoch - epoch) * epoch_iters - iteration - 1),
    };
    onIteration(progress, scores);
    if (signal?.aborted && iteration + 1 < epoch_iters) {
      await save({ epoch, iteration: iteration + 1 });
      signal.throwIfAborted();
    }
  }
}

/** One update of the weights. */
async function runIteration(
  { config, trainer, loader }: Run,
  { epoch, iteration }: Position,
  rates: Rates,
): Promise<BatchScores & { waited: number }> {
  const { accumulate } = config.TRAIN;
  const sum = { loss: 0, accuracy: 0, waited: 0 };
  for (let i = 0; i < accumulate; i++) {
    const begin = performance.now();
    // Lets interrupts and loaded batches in: the engine blocks this thread, and what is loaded already is no reason to wait.
    await setImmediate();
    const batch = await loader.next();
    sum.waited += performance.now() - begin;
    const { loss, accuracy } = await trainer.add(batch);
    if (!Number.isFinite(loss)) {
      throw new CliError(
        "failed",
        `Expected a finite loss but it is ${loss} in iteration ${iteration} of epoch ${epoch + 1}, on ${batch.files.join(", ")}: ` +
          "look at these photos, lower TRAIN.lr_encoder and TRAIN.lr_decoder or set TRAIN.clip_norm, and go on from the last checkpoint with --resume.",
      );
    }
    sum.loss += loss / accumulate;
    sum.accuracy += accuracy / accumulate;
  }
  trainer.update(rates);
  return sum;
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count++;
  }

  get value(): number {
    return this.#sum / this.#count;
  }
}
