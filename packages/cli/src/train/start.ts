import { existsSync } from "node:fs";
import type { Config } from "../config/schema.ts";
import { CliError } from "../errors.ts";
import { lastWhole, readWhole, type WholeCheckpoint } from "./checkpoint.ts";
import { fileOf, listPositions, nameOf, type Position } from "./checkpoint-files.ts";

/** Where a training goes on from. */
export interface Start {
  position: Position;
  /** Undefined where there are only the networks' weights, as the original leaves them. */
  checkpoint?: WholeCheckpoint;
}

/**
 * Where a training begins: with `resume` at the furthest checkpoint that is whole; without it, or where there is none, at the end of epoch
 * `TRAIN.start_epoch`, which is undefined for 0.
 *
 * @throws {CliError} `config` if the folder holds a training that would be overwritten; `missing` if the wanted epoch is not there.
 */
export async function findStart(
  { DIR, TRAIN }: Config,
  { resume, log, warn }: { resume: boolean; log: (line: string) => void; warn: (line: string) => void },
): Promise<Start | undefined> {
  const wanted = { epoch: TRAIN.start_epoch, iteration: 0 };
  if (resume) {
    const checkpoint = await lastWhole(DIR, warn);
    if (checkpoint && checkpoint.position.iteration >= TRAIN.epoch_iters) {
      const name = nameOf(checkpoint.position);
      throw new CliError(
        "config",
        `Expected more than ${checkpoint.position.iteration} iterations an epoch, where ${name} in ${DIR} is, but TRAIN.epoch_iters is ${TRAIN.epoch_iters}: set it as it was.`,
      );
    }
    if (checkpoint) return { position: checkpoint.position, checkpoint };
    log(`There is no checkpoint in ${DIR} to resume from.`);
  }
  const [furthest] = await listPositions(DIR, "trainer");
  if (furthest && furthest.epoch > wanted.epoch) {
    throw new CliError(
      "config",
      `Expected a folder without a later checkpoint but ${DIR} holds ${nameOf(furthest)}: go on with it by --resume, or set DIR to another folder.`,
    );
  }
  if (wanted.epoch === 0) {
    if (!furthest) return undefined;
    throw new CliError(
      "config",
      `Expected a folder without a training in it but ${DIR} holds ${nameOf(furthest)}: go on with it by --resume, or set DIR to another folder.`,
    );
  }
  const checkpoint = await readWhole(DIR, wanted, warn);
  if (checkpoint) return { position: wanted, checkpoint };
  for (const half of ["encoder", "decoder"] as const) {
    const file = fileOf(DIR, wanted, half);
    if (existsSync(file)) continue;
    throw new CliError(
      "missing",
      `Expected ${file} to go on from (TRAIN.start_epoch ${wanted.epoch}) but there is no such file: correct DIR or TRAIN.start_epoch.`,
    );
  }
  warn(`${nameOf(wanted)} in ${DIR} has no trainer file: the optimizer begins anew.`);
  return { position: wanted };
}
