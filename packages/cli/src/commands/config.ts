import { Command } from "commander";
import { loadConfig } from "../config/load.ts";
import { configToYaml } from "../config/print.ts";
import { readyConfig, readyConfigNames } from "../config/ready.ts";
import { resolveConfig } from "../config/resolve.ts";
import { addConfigFlags, type ConfigOptions, configSources } from "../config-flags.ts";
import { table } from "../table.ts";
import { type Io, Terminal } from "../terminal.ts";

/** `seg config`: prints the configuration that the other commands would run with. */
export function configCommand(io: Io): Command {
  const command = new Command("config")
    .description("print the configuration that flags, pairs and files make, or list the ready ones")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11")
    .option("--list", "list the ready configurations")
    .option("--json", "print JSON instead of YAML");
  return addConfigFlags(command)
    .addHelpText("after", EXAMPLES)
    .action((pairs: string[], options: ConfigOptions & { list?: boolean; json?: boolean }) => {
      const terminal = new Terminal(io);
      if (options.list) {
        for (const line of options.json ? [JSON.stringify(readyConfigNames())] : readyTable()) terminal.print(line);
        return;
      }
      const { config } = loadConfig(configSources(options, pairs));
      terminal.print(options.json ? JSON.stringify(config) : configToYaml(config).trimEnd());
    });
}

const HEAD = ["config", "fc_dim", "padding", "downsampling", "batch/GPU", "epochs", "checkpoint"];

function readyTable(): string[] {
  const rows = readyConfigNames().map((name) => {
    const { DATASET, MODEL, TRAIN, TEST } = resolveConfig(readyConfig(name)).config;
    const numbers = [MODEL.fc_dim, DATASET.padding_constant, DATASET.segm_downsampling_rate];
    return [name, ...[...numbers, TRAIN.batch_size_per_gpu, TRAIN.num_epoch].map(String), TEST.checkpoint];
  });
  return table(HEAD, rows);
}

const EXAMPLES = `
Examples:
  seg config --list
  seg config --cfg resnet50-upernet > mine.yaml
  seg config --cfg mine.yaml --num_class 11 TRAIN.lr_encoder 1e-3`;
