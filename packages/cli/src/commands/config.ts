import { configToYaml, loadConfig, presetNames, presetSettings, resolveConfig } from "@seg/pipeline/config";
import { Command } from "commander";
import { addConfigFlags, type ConfigOptions, configSources } from "../flags/config-flags.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** `seg config`: prints the configuration that the other commands would run with. */
export function configCommand(io: Io): Command {
  const command = new Command("config")
    .description("print the configuration that flags, pairs and files make, or list the ready ones")
    .argument("[KEY VALUE...]", "keys to set, such as DATASET.num_class 11")
    .option("--list", "list the presets")
    .option("--json", "print JSON instead of YAML");
  return addConfigFlags(command)
    .addHelpText("after", EXAMPLES)
    .action((pairs: string[], options: ConfigOptions & { list?: boolean; json?: boolean }) => {
      const terminal = new Terminal(io);
      if (options.list) {
        for (const line of options.json ? [JSON.stringify(presetNames())] : readyTable()) terminal.print(line);
        return;
      }
      const { config } = loadConfig(configSources(options, pairs));
      if (options.json) terminal.print(JSON.stringify(config));
      else terminal.write("stdout", configToYaml(config));
    });
}

const HEAD = ["config", "fc_dim", "padding", "downsampling", "batch/GPU", "epochs", "checkpoint"];

function readyTable(): string[] {
  const rows = presetNames().map((name) => {
    const { DATASET, MODEL, TRAIN, TEST } = resolveConfig(presetSettings(name)).config;
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
