import { joinMpiGroup, type MpiGroup, type Waiting } from "@seg/collectives";
import type { PipelineEvent, WaitingEvent } from "../events.ts";

/** How long a rank waits for another, which may be scoring a network. One that ends is noticed at once. */
export const PATIENCE_MS = 3_600_000;

/** The group of all ranks that `mpirun` or `srun` started; one of them tells of long waits. */
export const joinRanks = (onProgress: (event: PipelineEvent) => void): MpiGroup =>
  joinMpiGroup({ timeoutMs: PATIENCE_MS, onWaiting: tellRarely("rank", onProgress) });

/** After the first word of a wait, seconds until the next. */
const AGAIN_S = 60;

/** Makes events of what a group tells of a wait: at its beginning, then each minute. */
export function tellRarely(
  of: WaitingEvent["of"],
  onProgress: (event: PipelineEvent) => void,
): (waiting: Waiting) => void {
  let told = Number.POSITIVE_INFINITY;
  return (waiting) => {
    // Fewer seconds than the last time are another wait's.
    if (waiting.seconds > told && waiting.seconds < told + AGAIN_S) return;
    told = waiting.seconds;
    onProgress({ type: "waiting", of, ...waiting });
  };
}
