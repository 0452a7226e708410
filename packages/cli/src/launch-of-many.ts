import { type MpiLaunch, mpiLaunch } from "@seg/collectives";
import { CliError } from "./errors.ts";

/**
 * This process's place among those that `mpirun` or `srun` started for one command, or undefined where none did.
 *
 * @param distributed - `mpi` insists that one did, if only for one process.
 * @throws {CliError} `usage` if none did then.
 */
export function launchOfMany(distributed?: "mpi"): MpiLaunch | undefined {
  const launch = mpiLaunch();
  if (distributed === "mpi" && !launch) {
    throw new CliError(
      "usage",
      "Expected mpirun or srun to have started this for --distributed mpi: mpirun -np 4 seg train …",
    );
  }
  return launch && (launch.size > 1 || distributed) ? launch : undefined;
}
