/** A process's rank and world size, as `mpirun` or `srun` sets them in its environment. */
export interface MpiLaunch {
  rank: number;
  /** The world size. */
  size: number;
  /** Its rank among those on the same machine, by which it chooses its GPU. */
  localRank: number;
  /** How many ranks there are on the same machine, where the launcher sets it. */
  localSize: number | undefined;
}

/** Environment variables of Open MPI, Slurm and PMI. Slurm's batch script has a SLURM_PROCID too but no step: it is not one of several ranks. */
const LAUNCHERS = [
  {
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
    localSize: "OMPI_COMM_WORLD_LOCAL_SIZE",
  },
  { rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", localRank: "SLURM_LOCALID", localSize: undefined },
  { rank: "PMI_RANK", size: "PMI_SIZE", localRank: "MPI_LOCALRANKID", localSize: "MPI_LOCALNRANKS" },
] as const;

/**
 * This process's rank and world size, as Open MPI's `mpirun`, Slurm's `srun` or PMI set them in its environment. Does not initialize MPI.
 *
 * @param env - the environment; that of this process unless given.
 * @returns undefined if none of them started it.
 *
 * @example
 * ```ts
 * import { mpiLaunch } from "@seg/collectives";
 *
 * // As `srun --ntasks=4` sets it for one of the four.
 * const env = { SLURM_PROCID: "3", SLURM_STEP_NUM_TASKS: "4", SLURM_LOCALID: "1" };
 * const launch = mpiLaunch(env);
 * console.log(launch?.rank, launch?.size, launch?.localRank, launch?.localSize); // 3 4 1 undefined
 * console.log(mpiLaunch({})); // undefined
 * ```
 */
export function mpiLaunch(env: Readonly<Record<string, string | undefined>> = process.env): MpiLaunch | undefined {
  const number = (name: string | undefined) =>
    name !== undefined && /^\d+$/.test(env[name] ?? "") ? Number(env[name]) : undefined;
  for (const names of LAUNCHERS) {
    const rank = number(names.rank);
    const size = number(names.size);
    if (rank === undefined || size === undefined) continue;
    return { rank, size, localRank: number(names.localRank) ?? 0, localSize: number(names.localSize) };
  }
  return undefined;
}

/**
 * Whether `mpirun` or `srun` started this process, see {@link mpiLaunch}.
 *
 * @example
 * ```ts
 * import { isMpiLaunch } from "@seg/collectives";
 *
 * console.log(isMpiLaunch({ OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2" })); // true
 * // The batch script itself is no rank.
 * console.log(isMpiLaunch({ SLURM_PROCID: "0" })); // false
 * ```
 */
export function isMpiLaunch(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return mpiLaunch(env) !== undefined;
}
