import { hostname } from "node:os";
import { type MpiLaunch, mpiLaunch } from "@seg/collectives";
import { isSegError } from "@seg/errors";
import { localPath, withLimit } from "@seg/node";
import { Command } from "commander";
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
import { OutputError } from "./errors.ts";
import { EXIT, exitCodeOf, messageOf } from "./exit-code.ts";
import { normalizeArguments } from "./flags/arguments.ts";
import { withWayOut } from "./flags/way-out.ts";
import { type Io, Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

/**
 * Runs the `seg` command.
 *
 * @param argv - the words after `seg`.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration, 3 data or weights missing, 130 interrupted, 141 nobody reads its output.
 *   Never throws: an error is one line on stderr, followed by its stack only with `SEG_DEBUG=1`.
 */
export function run(argv: readonly string[], io: Io): Promise<number> {
  return runCommands(COMMANDS, argv, io);
}

/** {@link run} with the given commands. */
export async function runCommands(makers: readonly CommandMaker[], argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.DONE;
  const terminal = new Terminal(io);
  const program = createProgram(makers, io, (code) => {
    exitCode = code;
  });
  try {
    if (argv.length === 0) {
      terminal.write("stderr", program.helpInformation());
      return EXIT.USAGE;
    }
    await program.parseAsync(normalizeArguments(program, helpFirst(program, argv)), { from: "user" });
    return exitCode;
  } catch (error) {
    const code = exitCodeOf(error, io.signal);
    if (code !== EXIT.DONE) terminal.fail(lineOf(error, io.signal, running(program, argv)));
    if (io.env.SEG_DEBUG === "1" && error instanceof Error) terminal.write("stderr", `${error.stack}\n`);
    return code;
  }
}

/** What is told of an error; where the command was to end, why. */
function lineOf(error: unknown, signal: AbortSignal | undefined, command: Command): string {
  const place = placeOf(mpiLaunch());
  if (!signal?.aborted) return `${place}${withWayOut(withLimit(messageOf(error), error), error, command)}`;
  if (signal.reason instanceof OutputError) return `${place}${signal.reason.message}`;
  const loss = lossIn(error);
  return `${place}interrupted${loss ? `: ${messageOf(loss)}` : ""}`;
}

/** That of another rank, after which `mpirun` asks the others to end: what they say is to name it. */
function lossIn(error: unknown): unknown {
  for (let next = error, i = 0; isSegError(next) && i < 20; next = next.cause, i++) {
    if (next.name === "CollectiveError" && ["dead", "unreachable"].includes(next.code)) return next;
  }
  return undefined;
}

/** Whose error it is, where ranks on several hosts say theirs in one terminal. */
const placeOf = (mpi: MpiLaunch | undefined) =>
  mpi && (mpi.localSize ?? mpi.size) < mpi.size ? `rank ${mpi.rank} on host ${hostname()}: ` : "";

/** `help eval` as `eval --help`, so that a word that is no command is told as one. */
function helpFirst(program: Command, argv: readonly string[]): readonly string[] {
  const [first, word] = argv;
  if (first !== "help") return argv;
  if (word === undefined || word === "help" || word.startsWith("-")) return ["--help"];
  return program.commands.some((command) => command.name() === word) ? [word, "--help"] : [word];
}

/** The command that the words name; the program itself where they name none. */
function running(program: Command, argv: readonly string[]): Command {
  return program.commands.find((command) => command.name() === argv[0]) ?? program;
}

/** A command's share of the program; it tells its exit code when it is not 0. */
export type CommandMaker = (io: Io, exit: (code: number) => void) => Command;

const COMMANDS: readonly CommandMaker[] = [
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
];

function createProgram(makers: readonly CommandMaker[], io: Io, exit: (code: number) => void): Command {
  const terminal = new Terminal(io);
  const program = new Command("seg")
    .description("Scene parsing on ADE20K: tells what every pixel of a photo shows.")
    .version(version)
    .addHelpText("after", "\nDashes and underscores in flags are the same. Each command has --help with examples.");
  for (const make of makers) program.addCommand(make(io, exit));
  for (const command of [program, ...program.commands]) {
    takePathsAsWritten(command);
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.write("stdout", text),
      writeErr: (text) => terminal.write("stderr", text),
      outputError: () => {}, // `run` tells it, as one line
      getOutHelpWidth: () => 100,
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
