import { type MpiLaunch, mpiLaunch } from "@seg/collectives";
import { UsageError } from "../errors.ts";

/**
 * This process's rank and the world's size under `mpirun` or `srun`; undefined under neither, and with a world of one.
 *
 * @param distributed - `mpi` insists that one of the two started it, if only as a world of one.
 * @throws {UsageError} if none did then.
 */
export function mpiRank(distributed?: "mpi"): MpiLaunch | undefined {
  const launch = mpiLaunch();
  if (distributed === "mpi" && !launch) {
    const explanation = {
      expected: "mpirun or srun to have started this for --distributed mpi",
      but: "neither did",
      hint: "mpirun -np 4 seg train …",
    };
    throw new UsageError(explanation, { flag: "--distributed", value: distributed });
  }
  return launch && (launch.size > 1 || distributed) ? launch : undefined;
}
