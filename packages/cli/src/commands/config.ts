import { Command } from "commander";
import type { ConfigFlags } from "../actions/config.ts";
import { addConfigFlags, PAIRS } from "../flags/config-flags.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg config`: prints the configuration that the other commands would run with. */
export function configCommand(io: Io): Command {
  const command = new Command("config")
    .description("print the configuration that flags, pairs and files make, or list the ready ones")
    .argument(PAIRS, "keys to set, such as DATASET.num_class 11")
    .option("--list", "list the presets")
    .option("--json", "print JSON instead of YAML");
  return addConfigFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (pairs: string[], options: ConfigFlags) => {
      const { printConfig } = await import("../actions/config.ts");
      printConfig(pairs, options, io);
    });
}

const EXAMPLES = `
Examples:
  seg config --list
  seg config --cfg resnet50-upernet > mine.yaml
  seg config --cfg mine.yaml --num_class 11 TRAIN.lr_encoder 1e-3`;
