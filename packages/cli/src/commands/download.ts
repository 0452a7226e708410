import { Argument, Command } from "commander";
import type { DownloadFlags } from "../actions/download.ts";
import type { Io } from "../terminal/terminal.ts";

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
      const { download } = await import("../actions/download.ts");
      await download(what, config, flags, io, backoff);
    });
}

const EXAMPLES = `
Interrupted or run again, it goes on where it stopped.

Examples:
  seg download ade20k
  seg download ade20k --dir /data --from ADEChallengeData2016.zip
  seg download weights resnet50dilated-ppm_deepsup`;
