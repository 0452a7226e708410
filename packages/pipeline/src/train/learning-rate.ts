import type { Config } from "@seg/segmenter/config";
import type { Rates } from "./trainer.ts";

type Schedule = Pick<
  Config["TRAIN"],
  "lr_encoder" | "lr_decoder" | "lr_pow" | "warmup_iters" | "num_epoch" | "epoch_iters"
>;

/**
 * The learning rates of an iteration: both base rates times (1 − iteration / all)^lr_pow, and in the first `warmup_iters` iterations
 * times a factor that rises to 1 in equal steps.
 *
 * @param iteration - counted from 0 over all epochs.
 */
export function learningRates(iteration: number, schedule: Schedule): Rates {
  const { lr_encoder, lr_decoder, lr_pow, warmup_iters, num_epoch, epoch_iters } = schedule;
  const poly = (1 - iteration / (num_epoch * epoch_iters)) ** lr_pow;
  const factor = iteration < warmup_iters ? (poly * (iteration + 1)) / warmup_iters : poly;
  return { encoder: lr_encoder * factor, decoder: lr_decoder * factor };
}
