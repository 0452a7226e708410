import { statSync } from "node:fs";
import type { Resolved } from "@seg/segmenter/config";
import { knowsItself } from "../config/folder.ts";
import { furthestFirst, positionOf } from "../train/checkpoint-files.ts";
import { type FoundNetworks, networksIn, type WeightFiles } from "./find.ts";

/**
 * The name of the checkpoint to take from the folder `DIR`: the one that is named, by `TEST.checkpoint` or `VAL.checkpoint`. Where none is,
 * but the folder is, the best by validation, else the furthest of the training.
 *
 * @param log - told which one.
 */
export async function chooseCheckpoint(
  { config, settings }: Resolved,
  section: "TEST" | "VAL",
  log: (line: string) => void,
): Promise<string> {
  const { checkpoint } = config[section];
  const isImplied = (key: string) => settings.get(key)?.implied ?? false;
  if (!isImplied(`${section}.checkpoint`) || isImplied("DIR")) return checkpoint;
  const whole = (await networksIn(config.DIR)).filter(({ files }) => files.encoder && files.decoder);
  // In folders that say nothing of themselves the default goes first, as in the original.
  const isThere = whole.some(({ name }) => `${name}.pth` === checkpoint);
  const [first] = whole.sort(bestFirst);
  if (!first || (isThere && !knowsItself(config.DIR))) return checkpoint;
  const why = first.name === "best" ? "the best by validation" : "the newest";
  log(`Taking ${first.name} of ${config.DIR}, ${why}; set ${section}.checkpoint for another.`);
  return `${first.name}.pth`;
}

/** The best, then positions, then other names, the newest first. */
function bestFirst(a: FoundNetworks, b: FoundNetworks): number {
  const rank = ({ name }: FoundNetworks) => (name === "best" ? 0 : positionOf(name) ? 1 : 2);
  const [here, there] = [positionOf(a.name), positionOf(b.name)];
  if (here && there) return furthestFirst(here, there);
  return rank(a) - rank(b) || timeOf(b) - timeOf(a);
}

const timeOf = ({ files }: FoundNetworks) =>
  statSync((files as WeightFiles).encoder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
