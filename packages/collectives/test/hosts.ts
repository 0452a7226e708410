import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { start, startHosts, until } from "@seg/testing/hosts";
import { compileRanks } from "./ranks/compile.ts";

/** The ranks' program: sums without an end, and one line of what ends them. */
const PROGRAM = `import { writeFileSync } from "node:fs";
import { joinMpiGroup } from "./src/index.js";
const group = joinMpiGroup({ timeoutMs: 3_600_000 });
const data = new Float32Array(100_000);
process.on("SIGTERM", () => process.exit(1));
for (let i = 0; ; i++) {
  group.allReduce(data);
  if (i === 0 && group.rank === 0) writeFileSync(process.argv[2] + "/running", "");
  await new Promise((resolve) => setTimeout(resolve, 5));
}`;

/** Two hosts, `a` and `b`, with two ranks each that sum without an end; the compiled package is in `folder`. */
export async function summingHosts(flags: string[] = []) {
  const folder = compileRanks();
  writeFileSync(join(folder, "sums.js"), PROGRAM);
  const hosts = await startHosts({ folder });
  const program = [process.execPath, join(folder, "sums.js"), folder];
  const run = start([...hosts.wordsOn(), ...hosts.mpirun(2, flags), ...program]);
  await Promise.race([until(() => existsSync(join(folder, "running"))), run.ended]);
  /** The ranks' processes on a host. */
  const ranksOn = (host: string) =>
    hosts.processesOn(host).filter(({ command }) => command.startsWith(program.join(" ")));
  const isEmpty = (host: string) =>
    hosts.processesOn(host).every(({ command }) => /^(\/bin\/sh .*agent|nsenter|sleep) /.test(command));
  return { folder, hosts, run, ranksOn, isEmpty };
}

/** The rank of a process, by its environment. */
export const rankOf = (pid: number) =>
  Number(/OMPI_COMM_WORLD_RANK=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, "utf8"))?.[1]);
