/** A process's place among those that `mpirun` or `srun` started. */
export interface MpiLaunch {
  rank: number;
  size: number;
  /** Its place among those on the same machine; tells which GPU is its own. */
  localRank: number;
  /** How many there are on the same machine, where the launcher says so. */
  localSize: number | undefined;
}

/** What launchers put into the environment. Slurm's batch script has a rank too but no step: it is not one of many. */
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

/** Where `mpirun` or `srun` has put this process, or undefined if neither started it. Does not touch MPI. */
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

/** Whether `mpirun` or `srun` started this process. */
export function isMpiLaunch(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return mpiLaunch(env) !== undefined;
}
