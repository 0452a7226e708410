import { Argument, Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { CliError } from "../errors.ts";
import { type Io, Terminal } from "../terminal.ts";

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
    .argument("[config]", "whose weights: a ready configuration or a YAML file")
    .option("--dir <folder>", "ade20k: the data folder", "./data")
    .option("--from <zip>", "ade20k: a zip file that is here already, instead of downloading it")
    .option("--url <address>", "ade20k: another address of the zip file than MIT's")
    .option("--mirror <url>", "weights: server to take them from instead of MIT's")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but the result, warnings and errors")
    .addHelpText("after", EXAMPLES)
    .action(async (what: string, config: string | undefined, flags: DownloadFlags) => {
      const terminal = new Terminal(io, { quiet: flags.quiet });
      const get = what === "ade20k" ? getAde20k : getWeights;
      const { result, lines } = await get(config, flags, { io, terminal, backoff });
      for (const line of flags.json ? [JSON.stringify(result)] : lines) terminal.print(line);
    });
}

interface Surroundings {
  io: Io;
  terminal: Terminal;
  backoff: number | undefined;
}

interface Outcome {
  result: unknown;
  lines: string[];
}

async function getAde20k(config: string | undefined, flags: DownloadFlags, around: Surroundings): Promise<Outcome> {
  if (config !== undefined) {
    throw new CliError("usage", `Expected nothing after "ade20k" but received "${config}": name the folder by --dir.`);
  }
  const { fetchAde20k } = await import("../dataset/ade20k.ts");
  const { terminal, backoff, io } = around;
  const { dir: folder, from, url } = flags;
  const result = await fetchAde20k({ folder, from, url, terminal, backoff, signal: io.signal });
  return { result, lines: Object.values(result).map(({ list, photos }) => `${list}: ${photos} photos`) };
}

async function getWeights(config: string | undefined, flags: DownloadFlags, around: Surroundings): Promise<Outcome> {
  if (config === undefined) {
    throw new CliError(
      "usage",
      'Expected a configuration after "weights" but received none: `seg config --list` lists the ready ones.',
    );
  }
  const { locateWeights } = await import("../weights/locate.ts");
  const { terminal, backoff, io } = around;
  const { env, signal } = io;
  const { mirror } = flags;
  const result = await locateWeights(loadConfig({ cfg: config }), { env, terminal, signal, mirror, backoff });
  return { result, lines: [result.encoder, result.decoder] };
}

const EXAMPLES = `
Interrupted or run again, it goes on where it stopped.

Examples:
  seg download ade20k
  seg download ade20k --dir /data --from ADEChallengeData2016.zip
  seg download weights resnet50dilated-ppm_deepsup`;
