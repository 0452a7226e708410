import { hostname } from "node:os";
import { isSegError } from "@seg/errors";
import { withLimit } from "@seg/node/limits";
import type { Command } from "commander";
import { OutputError } from "./errors.ts";
import { EXIT, exitCodeOf, messageOf } from "./exit-code.ts";
import { normalizeArguments } from "./flags/arguments.ts";
import { withWayOut } from "./flags/way-out.ts";
import { COMMANDS, type CommandMaker, createProgram } from "./program.ts";
import { type Io, Terminal } from "./terminal/terminal.ts";
import { WELCOME } from "./welcome.ts";

/**
 * Runs the `seg` command.
 *
 * @param argv - the words after `seg`.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage or configuration, 3 data or weights missing, 130 interrupted, 141 nobody reads its output.
 *   Never throws: an error is one line on stderr, followed by its stack only with `SEG_DEBUG=1`.
 *
 * @example
 * ```ts
 * import { PassThrough } from "node:stream";
 * import { text } from "node:stream/consumers";
 * import { run } from "@seg/cli";
 *
 * const [stdout, stderr] = [new PassThrough(), new PassThrough()];
 * console.log(await run(["evall"], { stdout, stderr, env: process.env })); // 2
 * console.log((await text(stderr.end())).trim()); // error: unknown command 'evall' (Did you mean eval?)
 * ```
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
      terminal.write("stderr", WELCOME);
      return EXIT.USAGE;
    }
    const words = helpFirst(program, argv);
    refuseUnknownCommand(program, words);
    await program.parseAsync(normalizeArguments(program, words, await keyTest(words)), { from: "user" });
    return exitCode;
  } catch (error) {
    const code = exitCodeOf(error, io.signal);
    if (code !== EXIT.DONE) terminal.fail(await lineOf(error, io.signal, running(program, argv)));
    if (io.env.SEG_DEBUG === "1" && error instanceof Error) terminal.write("stderr", `${error.stack}\n`);
    return code;
  }
}

/** What is told of an error; where the command was to end, why. */
async function lineOf(error: unknown, signal: AbortSignal | undefined, command: Command): Promise<string> {
  const place = await placeHere();
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
async function placeHere(): Promise<string> {
  // Where not even that can be loaded, the error says why.
  const mpi = await import("@seg/collectives").then(({ mpiLaunch }) => mpiLaunch()).catch(() => undefined);
  return mpi && (mpi.localSize ?? mpi.size) < mpi.size ? `rank ${mpi.rank} on host ${hostname()}: ` : "";
}

/** `help eval` as `eval --help`, so that a word that is no command is told as one. */
function helpFirst(program: Command, argv: readonly string[]): readonly string[] {
  const [first, word] = argv;
  if (first !== "help") return argv;
  if (word === undefined || word === "help" || word.startsWith("-")) return ["--help"];
  return program.commands.some((command) => command.name() === word) ? [word, "--help"] : [word];
}

/**
 * Before commander, which takes a word that is no command for none where `--help` follows it, and prints the general help.
 *
 * @throws {CommanderError} as for the word alone, which knows the nearest name.
 */
function refuseUnknownCommand(program: Command, [word = "-", ...others]: readonly string[]): void {
  const isKnown = program.commands.some((command) => [command.name(), ...command.aliases()].includes(word));
  if (!word.startsWith("-") && !isKnown && others.length > 0) program.parse([word], { from: "user" });
}

/** What tells keys of the configuration among the words. It knows them all and takes a while to load: only where one looks like a key. */
async function keyTest(words: readonly string[]): Promise<(word: string) => boolean> {
  if (!words.some((word) => /^([A-Z]+\.|DIR(=|$))/.test(word))) return () => false;
  return (await import("@seg/pipeline/config")).isConfigKey;
}

/** The command that the words name; the program itself where they name none. */
function running(program: Command, argv: readonly string[]): Command {
  return program.commands.find((command) => command.name() === argv[0]) ?? program;
}
