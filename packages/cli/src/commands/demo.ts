import { Command } from "commander";
import type { DemoFlags } from "../actions/demo.ts";
import { backendFlag, INFERENCE_BACKENDS } from "../flags/backend-flag.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg demo`: segments the bundled photo with the bundled model. */
export function demoCommand(io: Io, exit: (code: number) => void): Command {
  return new Command("demo")
    .description("segment the photo that comes along, with the small model that comes along")
    .option("--result <folder>", "where pictures are written", "demo-result")
    .addOption(backendFlag(INFERENCE_BACKENDS))
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but results, warnings and errors")
    .addHelpText("after", "\nExamples:\n  seg demo\n  seg demo --backend wasm --result /tmp/demo")
    .action(async (options: DemoFlags) => {
      const { demo } = await import("../actions/demo.ts");
      exit(await demo(options, io));
    });
}
