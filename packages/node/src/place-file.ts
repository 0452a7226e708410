import { copyFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { replaceFile } from "./replace-file.ts";

/** Folders that refuse renames. */
const inPlace = new Set<string>();

/** From now on files of this folder are written in place. */
export function writeInPlaceIn(folder: string): void {
  inPlace.add(resolve(folder));
}

/** Puts a file that is written in the place of another one: renamed, or copied where the folder refuses renames. */
export async function placeFile(from: string, to: string, folder: string): Promise<void> {
  if (!inPlace.has(resolve(folder))) return replaceFile(from, to);
  await copyFile(from, to);
  await rm(from, { force: true });
}
