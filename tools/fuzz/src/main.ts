import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeCase, runCampaign } from "./campaign.ts";
import { Report } from "./report.ts";

const FORMATS = new URL("../formats/index.ts", import.meta.url);

const USAGE = `node tools/fuzz/run.mjs [--cases 20000] [--seed 1] [--format NAME,…] [--only SEED:INDEX] [--jobs 2]
  [--time-limit 5] [--memory-limit 200] [--minutes M] [--keep FOLDER]

  --cases         how many, shared out over the formats
  --seed          what the cases follow from
  --format        only these formats
  --only          one case of one format again, as a failure names it
  --jobs          how many at a time
  --time-limit    seconds that a case may take
  --memory-limit  MB that a case may take beyond its files and its result
  --minutes       begin no more cases after so many
  --keep          a folder for the inputs that failed (with --only: for that input)`;

/**
 * Runs a campaign as the command line says, and prints its figures.
 *
 * @returns the exit code: 1 if a case failed, 2 for wrong usage.
 */
export async function main(argv: string[]): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: argv,
    options: {
      ...{ cases: text, seed: text, format: text, only: text, jobs: text, minutes: text, keep: text },
      ...{ "time-limit": text, "memory-limit": text, help: { type: "boolean" } },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const number = (value: string | undefined, otherwise: number) => {
    if (value !== undefined && !(Number(value) >= 0)) throw new Error(`Expected a number but received ${value}.`);
    return value === undefined ? otherwise : Number(value);
  };
  const [seed = "", index] = (values.only ?? values.seed ?? "1").split(":");
  const names = values.format?.split(",");
  if (values.only && (names?.length !== 1 || index === undefined)) {
    console.error("Expected --only SEED:INDEX beside --format NAME: a failure's last line has both.");
    return 2;
  }
  const report = new Report(seed);
  const minutes = values.minutes === undefined ? undefined : number(values.minutes, 0) * 60_000;
  const start = performance.now();
  await runCampaign({
    formats: FORMATS,
    names,
    seed,
    first: number(index, 0),
    cases: values.only ? 1 : number(values.cases, 20_000),
    jobs: number(values.jobs, 2),
    limits: { time: number(values["time-limit"], 5), memory: number(values["memory-limit"], 200) * 1e6 },
    milliseconds: minutes,
    onOutcome: (format, outcome) => {
      report.add(format, outcome);
      if (values.only) console.log(JSON.stringify(outcome));
      if (process.stderr.isTTY && report.cases % 100 === 0) process.stderr.write(`\r${report.cases} cases`);
    },
  });
  console.log(report.lines().join("\n"));
  const took = `${((performance.now() - start) / 1000).toFixed(0)} s`;
  console.log(`${report.cases} cases of seed ${seed} in ${took}: ${report.failures.length} failures.`);
  if (values.keep) {
    const kept = values.only ? [{ format: names![0]!, index: number(index, 0) }] : report.failures;
    for (const failure of kept) await keep(values.keep, seed, failure);
  }
  return report.failures.length > 0 ? 1 : 0;
}

/** Writes the files of a case. */
async function keep(folder: string, seed: string, { format, index }: { format: string; index: number }) {
  const { files } = await makeCase(FORMATS, format, seed, index);
  const into = join(folder, `${format}-${seed}-${index}`);
  mkdirSync(into, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(into, name), content);
}
