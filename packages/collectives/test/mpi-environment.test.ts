import { expect, it } from "vitest";
import { isMpiLaunch, mpiLaunch } from "../src/mpi/environment.ts";

it("reads rank and world size from the environment of mpirun", () => {
  const env = {
    OMPI_COMM_WORLD_RANK: "5",
    OMPI_COMM_WORLD_SIZE: "16",
    OMPI_COMM_WORLD_LOCAL_RANK: "1",
    OMPI_COMM_WORLD_LOCAL_SIZE: "4",
    // Under Slurm, mpirun is one task that starts many.
    SLURM_PROCID: "0",
    SLURM_STEP_NUM_TASKS: "4",
  };
  expect(mpiLaunch(env)).toEqual({ rank: 5, size: 16, localRank: 1, localSize: 4 });
});

it("reads rank and world size from the environment of srun", () => {
  const env = { SLURM_PROCID: "3", SLURM_STEP_NUM_TASKS: "8", SLURM_LOCALID: "1" };
  expect(mpiLaunch(env)).toEqual({ rank: 3, size: 8, localRank: 1, localSize: undefined });
});

it("reads rank and world size from the environment of a PMI launcher", () => {
  expect(mpiLaunch({ PMI_RANK: "1", PMI_SIZE: "2" })).toEqual({ rank: 1, size: 2, localRank: 0, localSize: undefined });
});

it("takes neither an ordinary process nor a batch script for a rank", () => {
  expect(isMpiLaunch({})).toBe(false);
  expect(isMpiLaunch({ SLURM_PROCID: "0", SLURM_NTASKS: "8", SLURM_LOCALID: "0" })).toBe(false);
  expect(isMpiLaunch({ OMPI_COMM_WORLD_RANK: "", OMPI_COMM_WORLD_SIZE: "" })).toBe(false);
});
