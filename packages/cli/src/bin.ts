#!/usr/bin/env node
import { setImmediate } from "node:timers/promises";
import type { OutputError as Unwritten } from "./errors.ts";
import { orTell } from "./or-tell.ts";
import type { Io } from "./terminal/terminal.ts";

const [
  { ignoresHangup, limitOf, onEndSignal },
  { OutputError },
  { EXIT, exitCodeOf, messageOf },
  { isImpatient, SAME_MS, watchSignals },
  { run },
  { Terminal },
] = await orTell(() =>
  Promise.all([
    import("@seg/node"),
    import("./errors.ts"),
    import("./exit-code.ts"),
    import("./impatience/watch-signals.ts"),
    import("./run.ts"),
    import("./terminal/terminal.ts"),
  ]),
);

const interruption = new AbortController();
const words = process.argv.slice(2);
const command = words.find((word) => !word.startsWith("-"));
/** Prints what it found and does nothing else: a reader may have seen enough of it. */
const lists = [undefined, "completion", "config", "doctor", "help"].includes(command) || words.includes("--help");

let unwritten: Unwritten | undefined;
let isDone = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A terminal that is gone was to be outlived.
  if (unwritten || (error.code === "EIO" && ignoresHangup())) return;
  unwritten = OutputError.of(error);
  if (lists && unwritten.code === "closed") process.exit(EXIT.DONE);
  if (isDone) tellUnwritten();
  // Work ends in order: a training saves first.
  else interruption.abort(unwritten);
});
// Notes that nobody reads.
process.stderr.on("error", () => {});

/** Of a command that was through with its work when its results could not be written. */
function tellUnwritten(): void {
  if (!unwritten || process.exitCode !== EXIT.DONE) return;
  tellError(unwritten);
  process.exitCode = exitCodeOf(unwritten);
}

const tellError = (error: unknown) => new Terminal(io).fail(messageOf(error));

// What no command has caught: a line and a code like all others, not a stack.
process.on("uncaughtException", (error) => {
  tellError(error);
  if (process.env.SEG_DEBUG === "1") process.stderr.write(`${error?.stack}\n`);
  process.exit(exitCodeOf(error, interruption.signal));
});

// Open MPI's mpirun announces the end by SIGCONT, and sends SIGTERM and SIGKILL some time after it.
const underMpirun = process.env.OMPI_COMM_WORLD_RANK !== undefined;

let asked = 0;
function askToEnd(signal: string): void {
  // Nothing is left but results that are slowly read.
  if (isDone) process.exit();
  // The first asks the command to end in order, the second does not wait for it.
  const isSecond = asked > 0 && performance.now() - asked > SAME_MS;
  if (isSecond && isImpatient(signal) && !underMpirun) process.exit(EXIT.INTERRUPTED);
  asked ||= performance.now();
  interruption.abort(new DOMException(`interrupted by ${signal}`, "AbortError"));
}
onEndSignal(askToEnd);
if (underMpirun) process.on("SIGCONT", askToEnd);
else if (!lists) watchSignals();

const io: Io = { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: interruption.signal };

/** With fewer, Node and its libraries are aborted, crash or stand still for want of a thread, and say nothing of it. Root is not limited. */
const FEW_PROCESSES = 20;
const processes = limitOf("processes");
if (processes !== undefined && processes < FEW_PROCESSES && process.getuid?.() !== 0) {
  const line = `here a user may have ${processes} processes and threads, with which this may crash or stand still: raise that by ulimit -u`;
  new Terminal(io).warn(line);
}

process.exitCode = await run(words, io);
// A file's errors come a moment later.
await setImmediate();
isDone = true;
tellUnwritten();
