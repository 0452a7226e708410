import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
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
  /** Ends this rank by force after a while: its thread is terminated, its process killed with SIGKILL. */
  kill?: { rank: number; afterMs: number };
}

/** What each rank found, in rank order; undefined for one that found nothing. */
export type Findings = unknown[];

/** Starts ranks in one of the ways there are, and gathers what they found. */
export type Launcher = (compiled: string, launch: Launch) => Promise<Findings>;

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
    const { size, timeoutMs, chunkLength, scenario, argument, kill } = launch;
    const handle = createThreadGroup({ size, ...(timeoutMs && { timeoutMs }), ...(chunkLength && { chunkLength }) });
    await Promise.all(
      ranksOf(launch).map(async (rank) => {
        const workerData: Task = { join: { kind: "threads", handle, rank }, scenario, argument, folder };
        const worker = new Worker(join(compiled, "test/ranks/rank.js"), { workerData, stderr: true });
        worker.on("error", () => {});
        if (kill?.rank === rank)
          setTimeout(async () => {
            await worker.terminate();
            markThreadDead(handle, rank);
          }, kill.afterMs);
        await new Promise((resolve) => worker.once("exit", resolve));
      }),
    );
  });
