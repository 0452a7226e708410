import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE } from "@seg/testing/node";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

/** Whether `mpirun` is there, and is Open MPI's. */
export const hasMpirun = /Open MPI/.test(spawnSync("mpirun", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** Why a test is skipped, for its title. */
export const unlessMpirun = hasMpirun ? "" : " (skipped: no mpirun of Open MPI)";

/** Runs `seg` to its end in a process of its own, or in `ranks` of them under mpirun. */
export function segProcess(words: readonly string[], ranks = 0) {
  const launcher = ranks > 0 ? ["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", String(ranks)] : [];
  const [command, ...others] = [...launcher, process.execPath, ...FROM_SOURCE, BIN, ...words];
  const { status, stdout, stderr } = spawnSync(command!, others, { encoding: "utf8" });
  return { code: status, stdout, stderr };
}
