import { setImmediate } from "node:timers/promises";
import type { TrainOptions as DataOptions, TrainBatch } from "@seg/ade20k-data";
import type { Group } from "@seg/collectives";
import { type DataParallelError, lossShare, type SeededLoader } from "@seg/data-parallel";
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
  /** This replica and the others, which run the same epochs at the same time. */
  group: Group;
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

/** How the epochs came to an end: `interrupted` by the signal of any replica; `stopped` because another one fails, which tells why. */
export type End = "finished" | "interrupted" | "stopped";

/**
 * Trains from the run's position to the last epoch's end; a checkpoint is written after each epoch and before it ends early. All replicas
 * go through the same iterations, and agree in each whether to go on.
 */
export async function runEpochs(run: Run): Promise<End> {
  const { num_epoch } = run.config.TRAIN;
  let { epoch, iteration } = run.position;
  if (iteration === 0 && epoch > 0) await run.afterEpoch(epoch);
  for (; epoch < num_epoch; epoch++, iteration = 0) {
    const end = await runEpoch(run, epoch, iteration);
    if (end !== "finished") return end;
    await run.save({ epoch: epoch + 1, iteration: 0 });
    if (isInterrupted(run)) return "interrupted";
    await run.afterEpoch(epoch + 1);
  }
  return "finished";
}

async function runEpoch(run: Run, epoch: number, first: number): Promise<End> {
  const { config, trainer, group, onIteration, save } = run;
  const { epoch_iters, num_epoch, disp_iter, lr_encoder, lr_decoder } = config.TRAIN;
  const means = { time: new Mean(), data: new Mean(), loss: new Mean(), accuracy: new Mean() };
  for (let iteration = first; iteration < epoch_iters; iteration++) {
    // Lets interrupts and loaded batches in: the engine blocks this thread, and what is loaded already is no reason to wait.
    await setImmediate();
    if (isInterrupted(run)) {
      if (iteration > first) await save({ epoch, iteration });
      // mpirun ends all as soon as one has ended.
      group.barrier();
      return "interrupted";
    }
    const begin = performance.now();
    const factor = rateFactor(epoch * epoch_iters + iteration, config.TRAIN);
    const rates = { encoder: lr_encoder * factor, decoder: lr_decoder * factor };
    let scores: BatchScores & { waited: number };
    try {
      scores = await runIteration(run, { epoch, iteration }, rates);
    } catch (error) {
      trainer.discard();
      if (!(error instanceof Failure)) throw error;
      if (error.beforeChange) {
        // What was learned until a photo turned out to be broken need not be learned again.
        if (iteration > first) await save({ epoch, iteration });
        group.barrier();
      }
      if (error.cause === undefined) return "stopped";
      throw error.cause;
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
  }
  return "finished";
}

/** One update of the weights. */
async function runIteration(
  { config, trainer, loader, group }: Run,
  { epoch, iteration }: Position,
  rates: Rates,
): Promise<BatchScores & { waited: number }> {
  const { accumulate, replica_weight } = config.TRAIN;
  const sum = { loss: 0, accuracy: 0, waited: 0 };
  for (let i = 0; i < accumulate; i++) {
    const begin = performance.now();
    const batch = await nextBatch(loader, group);
    sum.waited += performance.now() - begin;
    const labelled = replica_weight === "pixels" && group.size > 1 ? countLabelled(batch.labels) : undefined;
    const share = lossShare(group, labelled);
    const own = await trainer.add(batch, share);
    const all = gather(group, [own.loss, own.accuracy, share]);
    const wrong = all.findIndex(([loss]) => !Number.isFinite(loss));
    if (wrong >= 0)
      throw new Failure(false, wrong === group.rank ? notFinite(own.loss, batch, epoch, iteration) : undefined);
    for (const [loss, accuracy, part] of all) {
      sum.loss += (loss! * part!) / accumulate;
      sum.accuracy += (accuracy! * part!) / accumulate;
    }
  }
  trainer.update(rates);
  return sum;
}

/** The loader's next batch, if all replicas have theirs. */
async function nextBatch(loader: Run["loader"], group: Group): Promise<TrainBatch> {
  let batch: TrainBatch | undefined;
  let failure: unknown;
  try {
    batch = await loader.next();
  } catch (error) {
    const { code, cause } = error as DataParallelError;
    failure = code === "sample" ? (cause ?? error) : error;
  }
  if (gather(group, [batch ? 1 : 0]).every(([loaded]) => loaded === 1)) return batch!;
  throw new Failure(true, failure);
}

/** Ends the epochs of all replicas in the same iteration; without a cause where it is another replica's. */
class Failure extends Error {
  /** Whether the weights are still those of the iteration before. */
  readonly beforeChange: boolean;

  constructor(beforeChange: boolean, cause: unknown) {
    super("training ends", { cause });
    this.beforeChange = beforeChange;
  }
}

function notFinite(loss: number, { files }: TrainBatch, epoch: number, iteration: number): CliError {
  return new CliError(
    "failed",
    `Expected a finite loss but it is ${loss} in iteration ${iteration} of epoch ${epoch + 1}, on ${files.join(", ")}: ` +
      "look at these photos, lower TRAIN.lr_encoder and TRAIN.lr_decoder or set TRAIN.clip_norm, and go on from the last checkpoint with --resume.",
  );
}

const isInterrupted = ({ group, signal }: Run) => gather(group, [signal?.aborted ? 1 : 0]).some(([is]) => is === 1);

/** Each replica's numbers. */
function gather(group: Group, numbers: number[]): number[][] {
  if (group.size === 1) return [numbers];
  const all = group.allGather(Float32Array.from(numbers));
  return Array.from({ length: group.size }, (_, rank) => [
    ...all.subarray(rank * numbers.length, (rank + 1) * numbers.length),
  ]);
}

const countLabelled = (labels: Int32Array) => labels.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0);

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
