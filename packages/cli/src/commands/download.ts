import type { ContextOptions, ServerOptions } from "@seg/pipeline";
import { loadConfig } from "@seg/pipeline/config";
import { Argument, Command } from "commander";
import { UsageError } from "../errors.ts";
import { showProgress } from "../terminal/show-progress.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

interface DownloadFlags {
  dir: string;
  from?: string;
  url?: string;
  mirror?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `seg download`: gets ADE20K, or a model's weights, before they are needed. */
export function downloadCommand(io: Io, _exit?: (code: number) => void, backoff?: number): Command {
  return new Command("download")
    .description("get ADE20K and write its lists, or get a model's weights")
    .addArgument(new Argument("<what>", "what to get").choices(["ade20k", "weights"]))
    .argument("[config]", "whose weights: a preset or a YAML file")
    .option("--dir <folder>", "ade20k: the data folder", "./data")
    .option("--from <zip>", "ade20k: a zip file that is here already, instead of downloading it")
    .option("--url <address>", "ade20k: another address of the zip file than MIT's")
    .option("--mirror <url>", "weights: server to take them from instead of MIT's")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but the result, warnings and errors")
    .addHelpText("after", EXAMPLES)
    .action(async (what: string, config: string | undefined, flags: DownloadFlags) => {
      const terminal = new Terminal(io, { quiet: flags.quiet });
      const { context, stop } = showProgress(terminal, { signal: io.signal });
      const get = what === "ade20k" ? getAde20k : getWeights;
      try {
        const { result, lines } = await get(config, flags, { ...context, env: io.env, backoff });
        stop();
        for (const line of flags.json ? [JSON.stringify(result)] : lines) terminal.print(line);
      } finally {
        stop();
      }
    });
}

type Context = ContextOptions & ServerOptions;

interface Outcome {
  result: unknown;
  lines: string[];
}

async function getAde20k(config: string | undefined, flags: DownloadFlags, context: Context): Promise<Outcome> {
  if (config !== undefined) {
    throw new UsageError(
      {
        expected: 'nothing after "ade20k"',
        received: `"${config}"`,
        hint: "name the folder by --dir",
      },
      { argument: "config", value: config },
    );
  }
  const { fetchAde20k } = await import("@seg/pipeline/dataset");
  const { dir: folder, from, url } = flags;
  const result = await fetchAde20k({ folder, from, url, ...context });
  return { result, lines: Object.values(result).map(({ list, photos }) => `${list}: ${photos} photos`) };
}

async function getWeights(config: string | undefined, { mirror }: DownloadFlags, context: Context): Promise<Outcome> {
  if (config === undefined) {
    throw new UsageError(
      {
        expected: 'a configuration after "weights"',
        received: "none",
        hint: "`seg config --list` lists the presets",
      },
      { argument: "config" },
    );
  }
  const { locateWeights } = await import("@seg/pipeline/weights");
  const result = await locateWeights(loadConfig({ cfg: config }), { ...context, mirror });
  return { result, lines: Object.values(result) };
}

const EXAMPLES = `
Interrupted or run again, it goes on where it stopped.

Examples:
  seg download ade20k
  seg download ade20k --dir /data --from ADEChallengeData2016.zip
  seg download weights resnet50dilated-ppm_deepsup`;
