import type { Config } from "../config/schema.ts";

/**
 * What both base rates are multiplied by: (1 − iteration / all)^lr_pow, and in the first `warmup_iters` iterations a factor that
 * rises to 1 in equal steps.
 *
 * @param iteration - counted from 0 over all epochs.
 */
export function rateFactor(
  iteration: number,
  {
    lr_pow,
    warmup_iters,
    num_epoch,
    epoch_iters,
  }: Pick<Config["TRAIN"], "lr_pow" | "warmup_iters" | "num_epoch" | "epoch_iters">,
): number {
  const decay = (1 - iteration / (num_epoch * epoch_iters)) ** lr_pow;
  return iteration < warmup_iters ? (decay * (iteration + 1)) / warmup_iters : decay;
}
