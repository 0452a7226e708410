import { Command } from "commander";
import type { ReproduceFlags } from "../actions/reproduce.ts";
import { backendFlag, INFERENCE_BACKENDS } from "../flags/backend-flag.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg reproduce`: measures the original's results table. */
export function reproduceCommand(io: Io, exit: (code: number) => void, backoff?: number): Command {
  return new Command("reproduce")
    .description("measure the original's results table: its weights on ADE20K's validation photos, beside its figures")
    .argument("[rows...]", "presets, such as resnet50dilated-ppm_deepsup; all of the table unless given")
    .option("--multi-scale", "at all five short sides, averaged, not at 450 alone")
    .option(
      "--root-dataset, --data <folder>",
      "ADE20K, fetched into it where it is not there; or a list (odgt)",
      "./data",
    )
    .option("--from <zip>", "a zip file of ADE20K that is here already, instead of downloading it")
    .option("--url <address>", "another address of the zip file than MIT's")
    .option("--mirror <url>", "server to take weights from instead of MIT's")
    .option("--result <folder>", "where rows that are done are kept", "reproduce")
    .option("--again", "measure rows again that are done")
    .option("--num-val <n>", "only the first n photos; -1 for all")
    .optionsGroup("Engines:")
    .option("--replicas, --workers <n>", "processes, each with an engine of its own; one, or one for each of --gpus")
    .option("--gpus <list>", "GPUs that the workers take in turn, such as 0 or 0-3,6")
    .addOption(backendFlag(INFERENCE_BACKENDS))
    .optionsGroup("Output:")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors")
    .addHelpText("after", EXAMPLES)
    .action(async (rows: string[], flags: ReproduceFlags) => {
      const { measure } = await import("../actions/reproduce.ts");
      exit(await measure(rows, flags, io, backoff));
    });
}

const EXAMPLES = `
A row that is done is kept in --result: run again, it goes on with the next one.
A row whose weights cannot be had does not stop the others; the exit code is 3
then, and 1 where a row failed otherwise.

Examples:
  seg reproduce
  seg reproduce resnet50dilated-ppm_deepsup resnet18dilated-ppm_deepsup \\
    --multi-scale --gpus 0-3
  seg reproduce mobilenetv2dilated-c1_deepsup --num-val 100 \\
    --data /data/ade20k --mirror http://mirror.example/pytorch`;
