import { joinMpiGroup, type MpiGroup } from "@seg/collectives";

/** How long a rank waits for another, which may be scoring a network. One that ends is noticed at once. */
export const PATIENCE_MS = 3_600_000;

/** The group of all ranks that `mpirun` or `srun` started. */
export const joinRanks = (): MpiGroup => joinMpiGroup({ timeoutMs: PATIENCE_MS });
