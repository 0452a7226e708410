import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { OdgtRecord } from "@seg/ade20k-data";
import { gatherJson, type MpiGroup } from "@seg/collectives";
import { shorten } from "@seg/errors";
import { PipelineError } from "../errors.ts";
import { version } from "../version.ts";

/** What a rank is or has, by the words for it in a message: `version of @seg/pipeline`. */
export type Facts = Readonly<Record<string, string>>;

/** What is unlike rank 0's: the first such fact of the first such rank. */
export function firstUnlike(all: readonly Facts[]): { rank: number; what: string } | undefined {
  const [first = {}] = all;
  for (const [rank, facts] of all.entries())
    for (const what of new Set([...Object.keys(first), ...Object.keys(facts)]))
      if (facts[what] !== first[what]) return { rank, what };
  return undefined;
}

/**
 * Checks that all hosts run the same version of this package and have the same of what is given. Collective; where all ranks are on one host,
 * nothing is asked.
 *
 * @throws {PipelineError} `hosts`, the same on all ranks, which names the host and what is unlike.
 */
export function refuseUnlike(group: MpiGroup, facts: Facts = {}): void {
  const { hosts } = group;
  if (!hosts) return;
  const all = gatherJson<Facts>({ "version of @seg/pipeline": version, ...facts }, group);
  const found = firstUnlike(all);
  if (!found) return;
  const { rank, what } = found;
  const value = (of: number) => shorten(all[of]?.[what] ?? "none", 80);
  throw new PipelineError(
    "hosts",
    {
      expected: `the same ${what} on all hosts, ${value(0)} as on host ${hosts[0]},`,
      but: `rank ${rank} on host ${hosts[rank]} has ${value(rank)}`,
      hint: "make the hosts alike",
    },
    { data: { host: hosts[rank]!, expected: all[0]?.[what], received: all[rank]?.[what] } },
  );
}

/** Files that are looked for at the same time: many wait for a network. */
const AT_ONCE = 64;

/**
 * Checks that the files of a list are there on all hosts, with the same names and as long; they may lie in other folders. The first rank of each
 * host looks. Collective; where all ranks are on one host, nothing is looked at.
 *
 * @throws {PipelineError} `hosts`, the same on all ranks, which names the host and the first file that is unlike.
 */
export async function refuseUnlikeFiles(group: MpiGroup, files: readonly string[]): Promise<void> {
  const { hosts, rank } = group;
  if (!hosts) return;
  const looks = hosts.indexOf(hosts[rank]!) === rank;
  const all = gatherJson(looks ? await lengthsOf(files) : [], group);
  const [first] = all as [string[]];
  for (const [other, list] of all.entries()) {
    if (hosts.indexOf(hosts[other]!) !== other) continue;
    const at = Array.from({ length: Math.max(first.length, list.length) }, (_, i) => i).find(
      (i) => list[i] !== first[i],
    );
    if (at === undefined) continue;
    const [expected, received] = [first[at] ?? "no more files", list[at] ?? "no more files"];
    const count = list.filter((line, i) => line !== first[i]).length;
    throw new PipelineError(
      "hosts",
      {
        expected: `the same photos and labels on all hosts, ${shorten(expected, 200)} as on host ${hosts[0]},`,
        but: `host ${hosts[other]} has ${shorten(received, 200)}${count > 1 ? `, and ${count - 1} more differ` : ""}`,
        hint: "copy the data set there anew, or share its folder",
      },
      { data: { host: hosts[other]!, expected, received } },
    );
  }
}

/** The photos and labels of a list. */
export const filesOf = (records: readonly OdgtRecord[]): string[] =>
  records.flatMap(({ imagePath, labelPath }) => [imagePath, ...(labelPath === undefined ? [] : [labelPath])]);

async function lengthsOf(files: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (let at = 0; at < files.length; at += AT_ONCE)
    lines.push(...(await Promise.all(files.slice(at, at + AT_ONCE).map(lengthOf))));
  return lines;
}

const lengthOf = async (file: string) => {
  const found = await stat(file).catch(() => undefined);
  return `${basename(file)} ${found ? `of ${found.size} bytes` : "missing"}`;
};
