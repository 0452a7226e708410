import type { TrainBatch } from "@seg/ade20k-data";
import type { Group } from "@seg/collectives";
import { type DataParallelError, lossShare } from "@seg/data-parallel";
import { type AtWork, explainMemory, halved } from "@seg/segmenter";
import { PipelineError } from "../errors.ts";
import type { Position } from "./checkpoint-files.ts";
import type { Run } from "./loop.ts";
import type { BatchScores, Rates } from "./trainer.ts";

/** How a step went, over all replicas. */
export interface StepScores extends BatchScores {
  /** Whether any pixel had a class; where none had, loss and accuracy are 0 and say nothing. */
  labelled: boolean;
  /** How long it took. */
  seconds: number;
  /** How much of that was spent waiting for data. */
  secondsWaited: number;
}

/** Ends the loop of all replicas in the same iteration; its cause is undefined where the fault is another replica's. */
export class StepFailure extends Error {
  /** Whether the weights are still those of the iteration before. */
  readonly weightsIntact: boolean;

  constructor(weightsIntact: boolean, cause: unknown) {
    super("training ends", { cause });
    this.weightsIntact = weightsIntact;
  }
}

/**
 * One update of the weights: `TRAIN.accumulate` batches forward and backward on each replica, then the optimizer. Collective.
 *
 * @throws {StepFailure} on all replicas if a batch cannot be loaded or a loss is not finite on one of them.
 */
export async function trainStep(
  { config, trainer, loader, group }: Run,
  position: Position,
  rates: Rates,
): Promise<StepScores> {
  const { accumulate, replica_weight } = config.TRAIN;
  const begin = performance.now();
  const sum = { loss: 0, accuracy: 0, waited: 0, void: 0 };
  for (let i = 0; i < accumulate; i++) {
    const beforeLoading = performance.now();
    const batch = await nextBatch(loader, group);
    sum.waited += performance.now() - beforeLoading;
    const weight = trainer.weightOf(batch);
    const share = lossShare(group, replica_weight === "pixels" && group.size > 1 ? weight : undefined);
    const scores = await trainer.add(batch, share).catch((error) => {
      throw explainMemory(error, lessToTrainOn(batch, accumulate));
    });
    const all = gatherNumbers(group, [scores.loss, scores.accuracy, share, Math.sign(weight)]);
    const wrong = all.findIndex(([loss]) => !Number.isFinite(loss));
    if (wrong >= 0) {
      throw new StepFailure(false, wrong === group.rank ? notFinite(scores.loss, batch, position) : undefined);
    }
    const parts = all.reduce((total, [, , part]) => total + part!, 0);
    // A replica's share of 0 is that of a batch without labels already.
    if (parts === 0) sum.void += 1 / accumulate;
    for (const [loss, accuracy, part, isLabelled] of all) {
      if (isLabelled === 0) sum.void += part! / accumulate;
      else {
        sum.loss += (loss! * part!) / accumulate;
        sum.accuracy += (accuracy! * part!) / accumulate;
      }
    }
  }
  trainer.update(rates);
  // A mean over the batches that have labels.
  const weight = 1 - sum.void;
  const labelled = weight > 1e-6;
  const [loss, accuracy] = labelled ? [sum.loss / weight, sum.accuracy / weight] : [0, 0];
  return {
    ...{ loss, accuracy, labelled },
    ...{ seconds: (performance.now() - begin) / 1000, secondsWaited: sum.waited / 1000 },
  };
}

/** The loader's next batch, if all replicas have theirs. Collective. */
async function nextBatch(loader: Run["loader"], group: Group): Promise<TrainBatch> {
  let batch: TrainBatch | undefined;
  let failure: unknown;
  try {
    batch = await loader.next();
  } catch (error) {
    const { code, cause } = error as DataParallelError;
    failure = code === "sample" ? (cause ?? error) : error;
  }
  if (gatherNumbers(group, [batch ? 1 : 0]).every(([loaded]) => loaded === 1)) return batch!;
  throw new StepFailure(true, failure);
}

/** How a batch that did not fit becomes smaller. */
function lessToTrainOn({ files, height, width }: TrainBatch, accumulate: number): AtWork {
  const batch = files.length;
  const half = Math.floor(batch / 2);
  const fewer = `TRAIN.batch_size_per_gpu to ${half} (with TRAIN.accumulate ${accumulate * Math.ceil(batch / half)} an update sees as many photos) or `;
  const side = halved(Math.min(height, width));
  const hint = `set ${batch > 1 ? fewer : ""}DATASET.imgSizes to ${side} at most, which has half as many pixels, and DATASET.imgMaxSize to match, and go on from the last checkpoint with --resume`;
  return { batch, height, width, hint, key: batch > 1 ? "TRAIN.batch_size_per_gpu" : "DATASET.imgSizes" };
}

function notFinite(loss: number, { files }: TrainBatch, { epoch, iteration }: Position): PipelineError {
  return new PipelineError(
    "failed",
    {
      expected: "a finite loss",
      but: `it is ${loss} in iteration ${iteration} of epoch ${epoch + 1}, on ${files.join(", ")}`,
      hint: "look at these photos, lower TRAIN.lr_encoder and TRAIN.lr_decoder or set TRAIN.clip_norm, and go on from the last checkpoint with --resume",
    },
    { data: { loss: String(loss), epoch: epoch + 1, iteration, files } },
  );
}

/** Each replica's numbers, in rank order. Collective. */
export function gatherNumbers(group: Group, numbers: number[]): number[][] {
  if (group.size === 1) return [numbers];
  const all = group.allGather(Float32Array.from(numbers));
  return Array.from({ length: group.size }, (_, rank) => [
    ...all.subarray(rank * numbers.length, (rank + 1) * numbers.length),
  ]);
}
