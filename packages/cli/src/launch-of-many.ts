import { readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { type Group, joinMpiGroup, type MpiLaunch, mpiLaunch } from "@seg/collectives";
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

/** How long a replica waits for another, which may be scoring a network. One that ends is noticed at once. */
export const PATIENCE_MS = 3_600_000;

/** The group of all ranks. */
export const joinRanks = (): Group => joinMpiGroup({ timeoutMs: PATIENCE_MS });

/** How many processors this process has to itself: a rank may be bound to some of its machine's; those that are not share them all. */
export function processorsOf(mpi: MpiLaunch | undefined): number {
  if (!mpi) return availableParallelism();
  return Math.min(Math.max(1, Math.floor(cpus().length / (mpi.localSize ?? 1))), availableParallelism());
}

/** Which of its machine's GPUs a rank should see: the one of its place, in turn where there are fewer. */
export function gpuOfRank({ localRank }: MpiLaunch, gpus: readonly number[] | undefined): string | undefined {
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const count =
    process.platform === "linux" ? readdirSync("/dev").filter((name) => /^nvidia\d+$/.test(name)).length : 0;
  const all = visible ?? Array.from({ length: count }, (_, gpu) => String(gpu));
  const usable = gpus ? gpus.map((gpu) => all[gpu] ?? String(gpu)) : all;
  return usable[localRank % usable.length];
}
