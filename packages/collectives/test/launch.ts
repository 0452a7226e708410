import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { createThreadGroup, markThreadDead } from "../src/threads.ts";
import type { Task } from "./ranks/rank.ts";
import type { Scenario } from "./ranks/scenarios.ts";

export interface Launch {
  scenario: Scenario;
  argument?: unknown;
  size: number;
  timeoutMs?: number;
  chunkLength?: number;
  /** Ranks that are never started. */
  without?: number[];
  /** Ends a rank by force, 300 ms after this is true: its thread is terminated, its process killed with SIGKILL. */
  kill?: { rank: number | "all"; once(folder: string): boolean };
  /** The system that processes take this one for: they know no calls but those that all systems have. */
  platform?: NodeJS.Platform;
  /** The group's name, where it has one; a new one unless given. */
  name?: string;
}

/** What each rank found, in rank order; undefined for one that found nothing. */
export type Findings = unknown[];

/** Starts ranks in one of the ways there are, and gathers what they found. */
export type Launcher = (compiled: string, launch: Launch) => Promise<Findings>;

/** All ranks have begun the scenario `endless`. */
export const running = (folder: string) => existsSync(join(folder, "running"));

/** For groups whose ranks all come: only a hang takes so long. */
const HANG_MS = 600_000;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(20);
  await setTimeout(300);
}

/** A folder for findings, during `run`. */
async function withFolder(compiled: string, size: number, run: (folder: string) => Promise<void>): Promise<Findings> {
  const folder = mkdtempSync(join(compiled, "findings-"));
  try {
    await run(folder);
    return Array.from({ length: size }, (_, rank) => {
      const file = join(folder, `${rank}.json`);
      return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ranksOf = ({ size, without = [] }: Launch) =>
  Array.from({ length: size }, (_, rank) => rank).filter((rank) => !without.includes(rank));

export const launchThreads: Launcher = (compiled, launch) =>
  withFolder(compiled, launch.size, async (folder) => {
    const { size, timeoutMs = HANG_MS, chunkLength, scenario, argument, kill } = launch;
    const handle = createThreadGroup({ size, timeoutMs, ...(chunkLength && { chunkLength }) });
    const starters = ranksOf(launch).length;
    await Promise.all(
      ranksOf(launch).map(async (rank) => {
        const workerData: Task = { join: { kind: "threads", handle, rank }, starters, scenario, argument, folder };
        const worker = new Worker(join(compiled, "test/ranks/rank.js"), { workerData, stderr: true });
        worker.on("error", () => {});
        const ended = new Promise((resolve) => worker.once("exit", resolve));
        if (kill?.rank === rank) {
          await until(() => kill.once(folder));
          await worker.terminate();
          markThreadDead(handle, rank);
        }
        await ended;
      }),
    );
  });

let groups = 0;

/** The names of all groups of processes of this run begin with this. */
export const NAMES = `test-${process.pid}-`;

export const launchProcesses: Launcher = (compiled, launch) =>
  withFolder(compiled, launch.size, async (folder) => {
    const { size, timeoutMs = HANG_MS, chunkLength, scenario, argument, kill } = launch;
    const starters = ranksOf(launch).length;
    const name = launch.name ?? `${NAMES}${++groups}`;
    await Promise.all(
      ranksOf(launch).map(async (rank) => {
        const join: Task["join"] = {
          kind: "processes",
          name,
          rank,
          size,
          timeoutMs,
          ...(chunkLength && { chunkLength }),
        };
        const task: Task = { join, starters, scenario, argument, folder };
        const child = startRank(compiled, task, launch.platform);
        const ended = once(child, "exit");
        if (kill && (kill.rank === rank || kill.rank === "all")) {
          await until(() => kill.once(folder));
          child.kill("SIGKILL");
        }
        await ended;
      }),
    );
  });

/** Whether `mpirun` is there, and is Open MPI's. */
export const hasMpirun = (() => {
  const { stdout } = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
  return stdout?.includes("Open MPI") ?? false;
})();

/** Runs a script as so many ranks; several on one processor, as root too, as in containers. */
export async function mpirun(
  size: number,
  script: string[],
  flags: string[] = [],
): Promise<{ code: number; stderr: string }> {
  const all = [
    "--allow-run-as-root",
    "--oversubscribe",
    "--bind-to",
    "none",
    ...flags,
    "-n",
    String(size),
    process.execPath,
    ...script,
  ];
  const child = spawn("mpirun", all, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

/** Ranks that go on when another one is killed, so that it is up to them to notice. */
export const launchMpi: Launcher = (compiled, launch) =>
  withFolder(compiled, launch.size, async (folder) => {
    const { size, timeoutMs = HANG_MS, scenario, argument } = launch;
    const task: Task = { join: { kind: "mpi", timeoutMs }, starters: size, scenario, argument, folder };
    await mpirun(size, [join(compiled, "test/ranks/rank.js"), JSON.stringify(task)], ["--enable-recovery"]);
  });

function startRank(compiled: string, task: Task, platform = process.platform): ChildProcess {
  // koffi chooses its binary when it is loaded, so that comes first.
  const pretend = `
    import { createRequire } from "node:module";
    createRequire(${JSON.stringify(join(compiled, "package.json"))})("koffi");
    Object.defineProperty(process, "platform", { value: ${JSON.stringify(platform)} });`;
  const flags =
    platform === process.platform ? [] : ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`];
  const words = [...flags, join(compiled, "test/ranks/rank.js"), JSON.stringify(task)];
  return spawn(process.execPath, words, { stdio: "ignore" });
}
