import { Command } from "commander";
import type { DoctorFlags } from "../actions/doctor.ts";
import type { Io } from "../terminal/terminal.ts";

/** `seg doctor`: tells which engines work here. */
export function doctorCommand(io: Io, exit: (code: number) => void): Command {
  return new Command("doctor")
    .description("tell which engines work here, what they run on, whether they can run networks and how fast they are")
    .option("--no-measure", "do not measure their speed")
    .option("--json", "print one JSON object")
    .option("--quiet", "print nothing but the table and errors")
    .addHelpText("after", "\nExamples:\n  seg doctor\n  seg doctor --json --no-measure")
    .action(async (flags: DoctorFlags) => {
      const { diagnose } = await import("../actions/doctor.ts");
      exit(await diagnose(flags, io));
    });
}
