import { statfs } from "node:fs/promises";
import { basename } from "node:path";
import { tryFolder } from "@seg/node";
import type { Config } from "../config/schema.ts";
import { PipelineError } from "../errors.ts";
import { fileOf, listPositions, type Position } from "./checkpoint-files.ts";

/** How much of a checkpoint is written where the disk says that it has room for many. */
const TASTE = 8 << 20;

/**
 * Tries to save a checkpoint in a training's folder before anything is trained: its names, renames over files that are there, and its size,
 * which is written in full unless the disk says that it has room beyond doubt.
 *
 * @param bytes - how large a checkpoint is.
 * @param warn - told where there is no room for all that are going to be kept, and where renames are refused.
 * @throws {PipelineError} `failed` if one has no room in the folder.
 * @throws {FileError} `unwritable`.
 */
export async function trySaving(
  { DIR: folder, TRAIN }: Config,
  position: Position,
  bytes: number,
  warn: (line: string) => void,
): Promise<void> {
  const free = await freeSpace(folder);
  if (free !== undefined && free < bytes) throw noRoom(folder, bytes, free);
  const first = { epoch: position.epoch + 1, iteration: 0 };
  const longest = { epoch: TRAIN.num_epoch, iteration: TRAIN.epoch_iters };
  const refused = await tryFolder(folder, {
    file: fileOf(folder, first, "encoder"),
    longestName: basename(fileOf(folder, longest, "trainer")),
    // The networks and the optimizer's memory are about as large.
    sizes: [bytes / 2, bytes / 2].map(Math.ceil),
    written: free !== undefined && free > 3 * bytes ? TASTE : undefined,
  });
  if (refused) {
    warn(
      `${folder} refuses to rename files (${refused}): they are written in place, and a run that is killed while it saves leaves a checkpoint that is not whole. Resuming passes it over.`,
    );
  }
  if (free !== undefined) await warnOfLater({ folder, TRAIN, position, bytes, free, warn });
}

/** Undefined where the disk does not tell, as some network drives. */
async function freeSpace(folder: string): Promise<number | undefined> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk && disk.blocks > 0 ? disk.bavail * disk.bsize : undefined;
}

interface Later extends Pick<Config, "TRAIN"> {
  folder: string;
  position: Position;
  bytes: number;
  free: number;
  warn: (line: string) => void;
}

/** Before old checkpoints are removed the next one is there. */
async function warnOfLater({ folder, TRAIN: { keep, num_epoch }, position, bytes, free, warn }: Later): Promise<void> {
  const coming = num_epoch - position.epoch;
  const there = (await listPositions(folder, "trainer")).length;
  const wanted = keep === 0 ? coming : Math.min(coming, Math.max(0, keep + 1 - there));
  if (wanted * bytes <= free) return;
  const room = Math.floor(free / bytes);
  const size = `${megabytes(bytes)} MB`;
  const most = room + there - 1;
  const way =
    most > 0
      ? `make room there, or set TRAIN.keep to ${most === 1 ? "1" : `${most} or less`}: that needs room for ${most + 1}`
      : `make room there: even TRAIN.keep 1 needs room for two checkpoints of ${size}`;
  const more = `${room} more ${room === 1 ? "checkpoint" : "checkpoints"}`;
  warn(`${folder} has room for ${more} of ${size}, and ${wanted} are coming: ${way}.`);
}

function noRoom(folder: string, needed: number, free: number): PipelineError {
  return new PipelineError(
    "failed",
    {
      expected: `${megabytes(needed)} MB of free space in ${folder} for a checkpoint`,
      but: `there are only ${megabytes(free)}`,
      hint: "make room there, or set DIR to another folder",
    },
    { data: { folder, needed, free } },
  );
}

const megabytes = (size: number) => Math.ceil(size / 1e6);
