import { localPath } from "@seg/node";
import { Command } from "commander";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { downloadCommand } from "./commands/download.ts";
import { evalCommand } from "./commands/eval.ts";
import { exportCommand } from "./commands/export.ts";
import { reproduceCommand } from "./commands/reproduce.ts";
import { serveCommand } from "./commands/serve.ts";
import { setupCommand } from "./commands/setup.ts";
import { testCommand } from "./commands/test.ts";
import { trainCommand } from "./commands/train.ts";
import { HELP, HELP_WIDTH } from "./help.ts";
import { type Io, Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

/**
 * A command's share of the program: its flags, and what it does, which it loads when it is run. Help, completion and COMMANDS.md come of the
 * flags alone. It tells its exit code when it is not 0.
 */
export type CommandMaker = (io: Io, exit: (code: number) => void) => Command;

/** All commands, as help lists them. */
export const COMMANDS: readonly CommandMaker[] = [
  demoCommand,
  testCommand,
  evalCommand,
  trainCommand,
  reproduceCommand,
  exportCommand,
  serveCommand,
  downloadCommand,
  doctorCommand,
  setupCommand,
  configCommand,
  completionCommand,
];

/** The program of these commands. */
export function createProgram(makers: readonly CommandMaker[], io: Io, exit: (code: number) => void): Command {
  const terminal = new Terminal(io);
  const program = new Command("seg")
    .description("Scene parsing on ADE20K: tells what every pixel of a photo shows.")
    .version(version)
    .addHelpText("after", "\nDashes and underscores in flags are the same. `seg COMMAND --help` has examples.");
  for (const make of makers) program.addCommand(make(io, exit));
  for (const command of [program, ...program.commands]) {
    takePathsAsWritten(command);
    // Of commander's own flag, --help.
    command.optionsGroup("Options:");
    command
      .exitOverride()
      .configureHelp(HELP)
      .configureOutput({
        writeOut: (text) => terminal.write("stdout", text),
        writeErr: (text) => terminal.write("stderr", text),
        outputError: () => {}, // `run` tells it, as one line
        getOutHelpWidth: () => HELP_WIDTH,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }
  return program;
}

/** Flags that name one file or folder take `file:` URLs, `~` where no shell replaced it (`--result=~/out`), and Windows' backslashes. */
function takePathsAsWritten(command: Command): void {
  for (const option of command.options) {
    if (/<(file|folder)>/.test(option.flags) && !option.parseArg) option.argParser((value: string) => localPath(value));
  }
}
