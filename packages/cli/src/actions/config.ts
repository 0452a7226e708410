import { configToYaml, loadConfig, presetNames, presetSettings, resolveConfig } from "@seg/pipeline/config";
import type { ConfigOptions } from "../flags/config-flags.ts";
import { configSources } from "../flags/config-sources.ts";
import { table } from "../terminal/table.ts";
import { type Io, Terminal } from "../terminal/terminal.ts";

/** What commander makes of the flags of `seg config`. */
export interface ConfigFlags extends ConfigOptions {
  list?: boolean;
  json?: boolean;
}

/** Does what `seg config` is asked to. */
export function printConfig(pairs: readonly string[], options: ConfigFlags, io: Io): void {
  const terminal = new Terminal(io);
  if (options.list) {
    for (const line of options.json ? [JSON.stringify(presetNames())] : readyTable()) terminal.print(line);
    return;
  }
  const { config } = loadConfig(configSources(options, pairs));
  if (options.json) terminal.print(JSON.stringify(config));
  else terminal.write("stdout", configToYaml(config));
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
