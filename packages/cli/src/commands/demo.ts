import { join } from "node:path";
import { DEMO_MODEL, DEMO_PHOTO } from "@seg/pipeline/config";
import { Command, Option } from "commander";
import { type Io, Terminal } from "../terminal/terminal.ts";
import { BACKENDS, type TestOptions, test } from "./test.ts";

/** `seg demo`: segments the bundled photo with the bundled model. */
export function demoCommand(io: Io, exit: (code: number) => void): Command {
  return new Command("demo")
    .description("segment the photo that comes along, with the small model that comes along")
    .option("--result <folder>", "where pictures are written", "demo-result")
    .addOption(new Option("--backend <engine>", "what computes").choices(BACKENDS).default("auto"))
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors")
    .addHelpText("after", "\nExamples:\n  seg demo\n  seg demo --backend wasm --result /tmp/demo")
    .action(async (options: TestOptions & { result: string }) => {
      const set = Object.entries(DEMO_MODEL.set).map(([key, value]) => `${key}=${value}`);
      exit(await test([DEMO_PHOTO], { ...options, cfg: DEMO_MODEL.config, set, legendInside: true }, io));
      if (!options.json)
        new Terminal(io).print(`The picture, with its legend, is ${join(options.result, "china_overlay.png")}.`);
    });
}
