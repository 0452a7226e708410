import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { Group } from "../../src/group.ts";
import { mpiLaunch } from "../../src/mpi/environment.ts";
import { joinMpiGroup, type MpiGroupOptions } from "../../src/mpi/mpi-group.ts";
import { joinProcessGroup, type ProcessGroupOptions } from "../../src/processes/process-group.ts";
import { joinThreadGroup, type ThreadGroupHandle } from "../../src/threads.ts";
import type { Waiting, WaitingOptions } from "../../src/waiting.ts";
import { findError, type Scenario, scenarios } from "./scenarios.ts";

/** What a thread or process is told to do. */
export interface Task {
  join:
    | { kind: "threads"; handle: ThreadGroupHandle; rank: number }
    | ({ kind: "processes" } & ProcessGroupOptions)
    | ({ kind: "mpi" } & MpiGroupOptions);
  /** How many ranks are started. */
  starters: number;
  scenario: Scenario;
  argument: unknown;
  /** Where `<rank>.json` goes. */
  folder: string;
}

/** What this rank was told of its waits. */
const waits: Waiting[] = [];
const waiting: WaitingOptions = { onWaiting: (wait) => waits.push(wait), waitingMs: 500 };

function joinGroup(join: Task["join"]): Group {
  if (join.kind === "threads") return joinThreadGroup(join.handle, join.rank, waiting);
  if (join.kind === "processes") return joinProcessGroup({ ...join, ...waiting });
  // Starting MPI takes a busy machine longer than some scenarios' calls may.
  const all = joinMpiGroup({ timeoutMs: Number.POSITIVE_INFINITY });
  const group = joinMpiGroup({ ...join, ...waiting });
  all.dispose();
  return group;
}

/** Waits until all are here: how long processes and threads take to start is not what groups' time limits are about. */
function gather({ folder, starters }: Task, rank: number): void {
  writeFileSync(`${folder}/${rank}.started`, "");
  const missing = () => readdirSync(folder).filter((file) => file.endsWith(".started")).length < starters;
  while (missing()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}

const task: Task = workerData ?? JSON.parse(process.argv[2]!);
const rank = "rank" in task.join ? task.join.rank : mpiLaunch()!.rank;
gather(task, rank);
let group: Group | undefined;
const failed = findError(() => {
  group = joinGroup(task.join);
});
const run = scenarios[task.scenario] as (
  group: Group,
  argument: unknown,
  running: () => void,
  waits: readonly Waiting[],
) => unknown;
const running = () => writeFileSync(`${task.folder}/running`, "");
const finding = JSON.stringify(group ? run(group, task.argument, running, waits) : failed);
// Renamed into place, so that whoever sees it sees all of it.
const file = `${task.folder}/${rank}.json`;
writeFileSync(`${file}.part`, finding);
renameSync(`${file}.part`, file);
group?.dispose();
