import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** How far a training is. */
export interface Position {
  /** Whole epochs done. */
  epoch: number;
  /** Iterations done of the next one. */
  iteration: number;
}

/** The four files of a checkpoint, in the order in which they are written: the last one is the commit marker: it holds the others' checksums. */
const PARTS = {
  encoder: "pth",
  decoder: "pth",
  history: "json",
  trainer: "safetensors",
} as const;

/** One of the four files. */
export type Part = keyof typeof PARTS;

const ALL_PARTS = Object.keys(PARTS) as Part[];

/** What the files of a checkpoint have in common: `epoch_3`, or within the fourth epoch `epoch_3_iter_120`. */
export const nameOf = ({ epoch, iteration }: Position): string =>
  iteration === 0 ? `epoch_${epoch}` : `epoch_${epoch}_iter_${iteration}`;

/** A file of a checkpoint. */
export const fileOf = (folder: string, position: Position, part: Part): string =>
  join(folder, `${part}_${nameOf(position)}.${PARTS[part]}`);

/** The checkpoints of which a file of this part lies in a folder, the furthest first. */
export async function listPositions(folder: string, part: Part): Promise<Position[]> {
  const files = await readdir(folder).catch((): string[] => []);
  const pattern = new RegExp(`^${part}_epoch_(\\d+)(?:_iter_(\\d+))?\\.${PARTS[part]}$`);
  return files
    .flatMap((file) => {
      const [match, epoch, iteration = 0] = pattern.exec(file) ?? [];
      return match ? [{ epoch: Number(epoch), iteration: Number(iteration) }] : [];
    })
    .sort((a, b) => b.epoch - a.epoch || b.iteration - a.iteration);
}

/** The checkpoints of which any file lies in a folder, those that were never finished included. */
export async function allPositions(folder: string): Promise<Position[]> {
  const lists = await Promise.all(ALL_PARTS.map((part) => listPositions(folder, part)));
  return [...new Map(lists.flat().map((position) => [nameOf(position), position])).values()];
}

/** Removes a checkpoint, the commit marker first. */
export async function removeCheckpoint(folder: string, position: Position): Promise<void> {
  for (const part of [...ALL_PARTS].reverse()) await rm(fileOf(folder, position, part), { force: true });
}

/** Removes what writers that were killed left behind. */
export async function removeDrafts(folder: string): Promise<void> {
  const draft =
    /^\.?(((encoder|decoder|history|trainer|evaluation|validation)_(epoch_\d|best)|history\.svg).*\.)?[0-9a-f-]{36}\.tmp$/;
  for (const file of await readdir(folder).catch((): string[] => [])) {
    if (draft.test(file)) await rm(join(folder, file), { force: true });
  }
}
