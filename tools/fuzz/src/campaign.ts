import { Child, type Limits } from "./child.ts";
import { caseOf, type Format } from "./format.ts";
import type { Outcome } from "./messages.ts";

/** How a campaign is run. */
export interface CampaignOptions {
  /** The module whose `FORMATS` are run. */
  formats: URL;
  /** The names of those that are; all unless given. */
  names?: readonly string[] | undefined;
  /** Cases in all, shared out by the formats' weights; or each format's sound files alone. */
  cases: number | "sound";
  seed: string;
  /** The first case's number; default 0. */
  first?: number;
  /** How many children work at a time. */
  jobs: number;
  limits: Limits;
  /** No new cases are begun after so many milliseconds. */
  milliseconds?: number | undefined;
  /** Told of each case. */
  onOutcome?: (format: string, outcome: Outcome) => void;
}

/** So many cases are told to a child at a time. */
const CHUNK = 100;

interface Chunk {
  format: string;
  from: number;
  to: number;
  /** Whether a child that has run nothing before is to run it. */
  fresh?: boolean;
}

/** Runs cases of all formats; `onOutcome` is told what became of them. */
export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { formats, seed, jobs, limits, milliseconds = Number.POSITIVE_INFINITY, onOutcome } = options;
  const chunks = await share(options);
  const end = performance.now() + milliseconds;
  const work = async () => {
    let child: { is: Child; hasRun: boolean } | undefined;
    const drop = () => {
      child?.is.close();
      child = undefined;
    };
    try {
      for (let chunk = chunks.shift(); chunk && performance.now() < end; chunk = chunks.shift()) {
        const { format, to, fresh } = chunk;
        if (fresh && child?.hasRun) drop();
        child ??= { is: new Child(formats, limits), hasRun: false };
        const report = (outcome: Outcome) => {
          // Garbage of earlier cases may have been what took the memory.
          if (!fresh && outcome.fault?.startsWith("swollen")) {
            chunks.unshift({ format, from: outcome.index, to: outcome.index + 1, fresh: true });
          } else onOutcome?.(format, outcome);
        };
        const { next, isAlive } = await child.is.run({ seed, ...chunk }, report);
        child.hasRun = true;
        if (!isAlive) drop();
        if (next < to) chunks.unshift({ format, from: next, to });
      }
    } finally {
      drop();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

/** Which cases are run, in chunks of which each format's come evenly. */
async function share({ formats, names, cases, first = 0 }: CampaignOptions): Promise<Chunk[]> {
  const { FORMATS } = (await import(formats.href)) as { FORMATS: readonly Format[] };
  const chosen = FORMATS.filter(({ name }) => names?.includes(name) ?? true);
  const sound = cases === "sound" && (await Promise.all(chosen.map(async (one) => (await one.prepare()).sound.length)));
  const total = chosen.reduce((sum, { weight }) => sum + weight, 0);
  let given = 0;
  let weights = 0;
  const chunks = chosen.flatMap(({ name, weight }, i) => {
    weights += weight;
    const count = sound ? sound[i]! : Math.round((Number(cases) * weights) / total) - given;
    given += count;
    return Array.from({ length: Math.ceil(count / CHUNK) }, (_, i) => {
      const from = first + i * CHUNK;
      return { format: name, from, to: Math.min(from + CHUNK, first + count), at: (i + 0.5) / (count / CHUNK) };
    });
  });
  return chunks.sort((a, b) => a.at - b.at).map(({ format, from, to }) => ({ format, from, to }));
}

/** Makes one case again. */
export async function makeCase(formats: URL, name: string, seed: string, index: number) {
  const { FORMATS } = (await import(formats.href)) as { FORMATS: readonly Format[] };
  const fuzzer = await FORMATS.find((format) => format.name === name)!.prepare();
  return caseOf(fuzzer, seed, name, index);
}
