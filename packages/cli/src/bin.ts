#!/usr/bin/env node
import { orTell } from "./or-tell.ts";

const [{ ignoresHangup, onEndSignal }, { EXIT }, { run }] = await orTell(() =>
  Promise.all([import("@seg/node"), import("./exit-code.ts"), import("./run.ts")]),
);

const interruption = new AbortController();
const trains = process.argv.slice(2).find((word) => !word.startsWith("-")) === "train";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A terminal that is gone was to be outlived.
  if (error.code === "EIO" && ignoresHangup()) return;
  if (trains) {
    // What was learned is saved first.
    if (!interruption.signal.aborted)
      process.stderr.write("warning: nobody reads the output any more: saving and ending.\n");
    interruption.abort();
    return;
  }
  // A reader that has seen enough (`seg config | head -1`) is no failure. Files are only ever renamed into place, so
  // stopping here leaves none half-written.
  if (error.code !== "EPIPE") process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(error.code === "EPIPE" ? EXIT.DONE : EXIT.FAILED);
});
// Notes that nobody reads.
process.stderr.on("error", () => {});

// Open MPI's mpirun announces the end by SIGCONT, and sends SIGTERM and SIGKILL some time after it.
const underMpirun = process.env.OMPI_COMM_WORLD_RANK !== undefined;

// What a person sends again who does not want to wait. Others come twice by themselves: a closed terminal's signal from the system and from the
// shell, that of a time limit each second.
const IMPATIENT: readonly string[] = ["SIGINT", "SIGTERM", "SIGQUIT", "SIGBREAK"];
// npm passes Ctrl-C on to commands that the terminal told already.
const SAME_MS = 200;

let asked = 0;
function askToEnd(signal: string): void {
  // The first asks the command to end in order, the second does not wait for it.
  const isSecond = asked > 0 && performance.now() - asked > SAME_MS;
  if (isSecond && IMPATIENT.includes(signal) && !underMpirun) process.exit(EXIT.INTERRUPTED);
  asked ||= performance.now();
  interruption.abort();
}
onEndSignal(askToEnd);
if (underMpirun) process.on("SIGCONT", askToEnd);

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: interruption.signal,
});
