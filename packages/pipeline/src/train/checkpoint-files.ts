import { existsSync } from "node:fs";
import { copyFile, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@seg/node";

/** How far a training is. */
export interface Position {
  /** Whole epochs done. */
  epoch: number;
  /** Iterations done of the next one. */
  iteration: number;
}

/** The four files of a checkpoint. `trainer` is the commit marker: it is there first, saying so, and is filled last, with the others' checksums. */
const PARTS = {
  encoder: "pth",
  decoder: "pth",
  history: "json",
  trainer: "safetensors",
} as const;

/** One of the four files. */
export type Part = keyof typeof PARTS;

/** Those that the trainer file holds the checksums of. */
export const COMMITTED = ["encoder", "decoder", "history"] as const satisfies Part[];

/** What the trainer file holds of a checkpoint that is not whole. An empty one was cut: it says nothing of the others. */
const UNFINISHED = "unfinished\n";

/** What the files of a checkpoint have in common: `epoch_3`, or within the fourth epoch `epoch_3_iter_120`. */
export const nameOf = ({ epoch, iteration }: Position): string =>
  iteration === 0 ? `epoch_${epoch}` : `epoch_${epoch}_iter_${iteration}`;

/** The position that a checkpoint of this name is at; undefined for other names, such as `best`. */
export function positionOf(name: string): Position | undefined {
  const [match, epoch, iteration = 0] = /^epoch_(\d{1,15})(?:_iter_(\d{1,15}))?$/.exec(name) ?? [];
  return match ? { epoch: Number(epoch), iteration: Number(iteration) } : undefined;
}

/** Orders positions, the furthest first. */
export const furthestFirst = (a: Position, b: Position): number => b.epoch - a.epoch || b.iteration - a.iteration;

/** A file of a checkpoint. */
export const fileOf = (folder: string, position: Position, part: Part): string =>
  join(folder, `${part}_${nameOf(position)}.${PARTS[part]}`);

/** The checkpoints of which a file of this part lies in a folder, the furthest first. */
export async function listPositions(folder: string, part: Part): Promise<Position[]> {
  const files = await readdir(folder).catch((): string[] => []);
  const pattern = new RegExp(`^${part}_(.+)\\.${PARTS[part]}$`);
  return files.flatMap((file) => positionOf(pattern.exec(file)?.[1] ?? "") ?? []).sort(furthestFirst);
}

/** Renames what there is of files: `encoder_best.pth` becomes `encoder_best.before.pth`, a checkpoint's name like any other. */
export async function setAside(files: readonly string[]): Promise<string[]> {
  const there = files.filter((file) => existsSync(file));
  const aside = (file: string, number: number) =>
    file.replace(/\.[^.]+$/, `.before${number > 1 ? `-${number}` : ""}$&`);
  let number = 1;
  while (there.some((file) => existsSync(aside(file, number)))) number++;
  for (const file of there) await move(file, aside(file, number));
  return there.map((file) => aside(file, number));
}

/** Some network drives refuse renames. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async () => {
    await copyFile(from, to);
    await rm(from);
  });
}

/** Marks a checkpoint as one of this package that is not whole. */
export const markUnfinished = (folder: string, position: Position): Promise<void> =>
  writeFileAtomic(fileOf(folder, position, "trainer"), UNFINISHED, { makeFolder: false });

/** Whether a checkpoint is marked so. */
export async function isUnfinished(folder: string, position: Position): Promise<boolean> {
  const file = fileOf(folder, position, "trainer");
  const found = await stat(file).catch(() => undefined);
  return Boolean(found?.isFile()) && found?.size === UNFINISHED.length && (await readFile(file, "utf8")) === UNFINISHED;
}

/** Removes a checkpoint of this package; killed on the way it leaves an unfinished one. */
export async function removeCheckpoint(folder: string, position: Position): Promise<void> {
  // On a disk that takes nothing more it is removed all the same.
  await markUnfinished(folder, position).catch(() => {});
  for (const part of Object.keys(PARTS) as Part[]) await rm(fileOf(folder, position, part), { force: true });
}

/** Removes what writers that were killed left behind. */
export async function removeDrafts(folder: string): Promise<void> {
  const draft =
    /^\.{0,2}_*(((encoder|decoder|history|trainer|evaluation|validation)_(epoch_\d|best)|history\.svg|config\.yaml|classes\.json|[0-9a-f-]{36}\.tmp).*\.)?[0-9a-f-]{36}\.tmp$/;
  for (const file of await readdir(folder).catch((): string[] => [])) {
    if (draft.test(file)) await rm(join(folder, file), { force: true });
  }
}
