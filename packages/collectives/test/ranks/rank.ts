import { renameSync, writeFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { Group } from "../../src/group.ts";
import { joinThreadGroup, type ThreadGroupHandle } from "../../src/threads.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

/** What a thread or process is told to do. */
export interface Task {
  join: { kind: "threads"; handle: ThreadGroupHandle; rank: number };
  scenario: Scenario;
  argument: unknown;
  /** Where `<rank>.json` goes. */
  folder: string;
}

function joinGroup(join: Task["join"]): Group {
  return joinThreadGroup(join.handle, join.rank);
}

const task: Task = workerData ?? JSON.parse(process.argv[2]!);
const group = joinGroup(task.join);
const run = scenarios[task.scenario] as (group: Group, argument: unknown) => unknown;
const finding = JSON.stringify(run(group, task.argument));
// Renamed into place, so that whoever sees it sees all of it.
const file = `${task.folder}/${group.rank}.json`;
writeFileSync(`${file}.part`, finding);
renameSync(`${file}.part`, file);
group.dispose();
