import { basename } from "node:path";
import { tryFolder } from "@seg/node";
import type { Config } from "@seg/segmenter/config";
import { freeSpace } from "../disk-space.ts";
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
  if (free === undefined) return;
  const there = (await listPositions(folder, "trainer")).length;
  const epochs = TRAIN.num_epoch - position.epoch;
  const later = warningOfLater({ folder, keep: TRAIN.keep, epochs, there, bytes, free });
  if (later) warn(later);
}

/** What counts where there is not room for all checkpoints that are coming. */
interface Room {
  folder: string;
  /** `TRAIN.keep`. */
  keep: number;
  /** How many epochs are coming. */
  epochs: number;
  /** How many checkpoints are there. */
  there: number;
  /** The size of one, and the free space. */
  bytes: number;
  free: number;
}

/** What is told of a disk that will be full before the training's end; undefined if it will not. */
export function warningOfLater({ folder, keep, epochs, there, bytes, free }: Room): string | undefined {
  // Before old checkpoints are removed the next one is there.
  const coming = keep === 0 ? epochs : Math.min(epochs, Math.max(0, keep + 1 - there));
  if (coming * bytes <= free) return undefined;
  const room = Math.floor(free / bytes);
  const size = `${megabytes(bytes)} MB`;
  const most = room + there - 1;
  const way =
    most > 0
      ? `make room there, or set TRAIN.keep to ${most === 1 ? "1" : `${most} or less`}, which needs room for ${most + 1}`
      : `make room there: even TRAIN.keep 1 needs room for two checkpoints of ${size}`;
  const more = `${room} more ${room === 1 ? "checkpoint" : "checkpoints"}`;
  return `${folder} has room for ${more} of ${size}, and ${coming} are coming: ${way}.`;
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
