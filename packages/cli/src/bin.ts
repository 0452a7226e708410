#!/usr/bin/env node
import { EXIT } from "./exit-code.ts";
import { run } from "./run.ts";

// A reader that has seen enough (`seg config | head -1`) is no failure. Files are only ever renamed into place, so
// stopping here leaves none half-written.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.DONE);
  throw error;
});

// Open MPI's mpirun announces the end by SIGCONT, and sends SIGTERM and SIGKILL some time after it.
const underMpirun = process.env.OMPI_COMM_WORLD_RANK !== undefined;
const interruption = new AbortController();
for (const name of ["SIGINT", "SIGTERM", ...(underMpirun ? (["SIGCONT"] as const) : [])] as const) {
  process.on(name, () => {
    // The first asks the command to end in order, the second does not wait for it.
    if (interruption.signal.aborted && !underMpirun) process.exit(EXIT.INTERRUPTED);
    interruption.abort();
  });
}

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: interruption.signal,
});
