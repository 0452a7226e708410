import { setImmediate } from "node:timers/promises";
import type { TrainSourceOptions as DataOptions, TrainBatch } from "@seg/ade20k-data";
import type { Group } from "@seg/collectives";
import type { SeededLoader } from "@seg/data-parallel";
import type { Config } from "@seg/segmenter/config";
import type { IterationEvent } from "../events.ts";
import type { Position } from "./checkpoint-files.ts";
import type { Hooks } from "./hooks/hooks.ts";
import { learningRates } from "./learning-rate.ts";
import { gatherNumbers, StepFailure, type StepScores, trainStep } from "./step.ts";
import type { Rates, Trainer } from "./trainer.ts";

/** What the training loop works with. */
export interface Run {
  config: Config;
  trainer: Trainer;
  loader: SeededLoader<TrainBatch, DataOptions>;
  /** This replica and the others, which run the same loop at the same time. */
  group: Group;
  /** Where it begins. */
  position: Position;
  /** Whether the replicas' weights may part in their last bits, so that all take rank 0's at each checkpoint, as a training does that is resumed there. */
  drifts: boolean;
  /** What this replica does beside training; nothing but on rank 0. */
  hooks: Hooks;
  signal: AbortSignal | undefined;
}

/** How the loop came to an end: `interrupted` by the signal of any replica; `stopped` because another one fails, which tells why. */
type End = "finished" | "interrupted" | "stopped";

/** How the loop came to an end, and where. */
export interface Ending {
  end: End;
  /** Whole epochs done. */
  epoch: number;
}

/**
 * Trains from the run's position to the last epoch's end, or to that of an earlier one where a hook wants it. All replicas go through the same iterations, and agree in each whether to go on.
 *
 * @throws what is wrong with a photo, or a loss that is not finite; on the replica at fault.
 */
export async function runLoop(run: Run): Promise<Ending> {
  const { config, group, hooks } = run;
  const { num_epoch, epoch_iters } = config.TRAIN;
  let { epoch, iteration } = run.position;
  if (iteration === 0 && epoch > 0) {
    await hooks.afterCheckpoint(epoch);
    if (isEnough(run)) return { end: "finished", epoch };
  }
  for (; epoch < num_epoch; epoch++, iteration = 0) {
    const means = new EpochMeans();
    let saved = iteration;
    const saveSteps = async (done = iteration) => {
      if (run.drifts && done > saved) await run.trainer.align();
      if (done > saved) await hooks.onSave({ epoch, iteration: done });
      saved = done;
      // Under mpirun the end of one rank ends all: none leaves before the checkpoint is written.
      group.barrier();
    };
    for (; iteration < epoch_iters; iteration++) {
      // Yields to the event loop, for interrupts and loaded batches: the engine blocks this thread, and prefetched batches are no reason to wait.
      await setImmediate();
      // Once more: where the step ended while the system was being asked for news, the first was before it is asked again, and a signal unseen.
      await setImmediate();
      if (anyReplicaInterrupted(run)) {
        await saveSteps();
        return { end: "interrupted", epoch };
      }
      const rates = learningRates(epoch * epoch_iters + iteration, config.TRAIN);
      let scores: StepScores;
      try {
        scores = await trainStep(run, { epoch, iteration }, rates);
      } catch (error) {
        run.trainer.discard();
        if (!(error instanceof StepFailure)) throw error;
        // The steps before a broken photo need not be trained again.
        if (error.weightsIntact) await saveSteps();
        if (error.cause === undefined) return { end: "stopped", epoch };
        throw error.cause;
      }
      means.add(scores);
      hooks.afterStep(eventOf(config.TRAIN, { epoch, iteration }, rates, means.values), scores);
      if (isDue(iteration + 1, config.TRAIN)) await saveSteps(iteration + 1);
    }
    if (run.drifts) await run.trainer.align();
    await hooks.afterEpoch(epoch + 1);
    if (anyReplicaInterrupted(run)) return { end: "interrupted", epoch: epoch + 1 };
    await hooks.afterCheckpoint(epoch + 1);
    if (isEnough(run)) return { end: "finished", epoch: epoch + 1 };
  }
  return { end: "finished", epoch };
}

/** Whether `TRAIN.save_every_iters` wants a checkpoint after so many iterations of an epoch; at its end there is one anyway. */
const isDue = (done: number, { save_every_iters, epoch_iters }: Config["TRAIN"]) =>
  save_every_iters > 0 && done % save_every_iters === 0 && done < epoch_iters;

/** Whether any replica's signal is aborted. Collective: waits for all replicas. */
const anyReplicaInterrupted = ({ group, signal }: Run) => isTrueOfAny(group, signal?.aborted ?? false);

/** Whether rank 0 wants the training to end with an epoch. Collective. */
const isEnough = ({ group, hooks }: Run) => isTrueOfAny(group, hooks.wantsEnd());

const isTrueOfAny = (group: Group, own: boolean) => gatherNumbers(group, [own ? 1 : 0]).some(([any]) => any === 1);

function eventOf(
  { num_epoch, epoch_iters, disp_iter }: Config["TRAIN"],
  { epoch, iteration }: Position,
  rates: Rates,
  { seconds, secondsWaited, loss, accuracy }: StepScores,
): IterationEvent {
  return {
    type: "iteration",
    epoch: epoch + 1,
    epochs: num_epoch,
    iteration,
    iterations: epoch_iters,
    printed: iteration % disp_iter === 0,
    time: seconds,
    data: secondsWaited,
    lrEncoder: rates.encoder,
    lrDecoder: rates.decoder,
    accuracy,
    loss,
    secondsLeft: seconds * ((num_epoch - epoch) * epoch_iters - iteration - 1),
  };
}

/** Means over the steps of an epoch. */
class EpochMeans {
  steps = 0;
  #labelled = 0;
  readonly #sums = { loss: 0, accuracy: 0, seconds: 0, secondsWaited: 0 };

  add({ labelled, ...scores }: StepScores): void {
    this.steps++;
    // Without labels loss and accuracy are 0, and no part of their means.
    if (labelled) this.#labelled++;
    for (const name of NAMES) this.#sums[name] += scores[name];
  }

  get values(): StepScores {
    const { loss, accuracy, seconds, secondsWaited } = this.#sums;
    const scored = Math.max(1, this.#labelled);
    const times = { seconds: seconds / this.steps, secondsWaited: secondsWaited / this.steps };
    return { loss: loss / scored, accuracy: accuracy / scored, labelled: this.#labelled > 0, ...times };
  }
}

const NAMES = ["loss", "accuracy", "seconds", "secondsWaited"] as const satisfies (keyof StepScores)[];
