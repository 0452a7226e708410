/**
 * Times all-reduce of float32 vectors between threads, processes and MPI ranks, and beside them a C program that calls MPI_Allreduce
 * (where mpicc is installed). A figure is the mean of a block of calls; shown are the median block and the quickest one, which tells more
 * on a machine that has other work.
 *
 *   node tools/bench/collectives.mjs [--ranks 2] [--rounds 2] [--lengths 513,4194304]
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createThreadGroup, joinMpiGroup, joinProcessGroup, joinThreadGroup } from "@seg/collectives";
import { median, printHeader, printTable, readArguments } from "./report.mjs";

const BLOCKS = 11;
const SELF = fileURLToPath(import.meta.url);

/** Calls in a block: about 20 ms of work. */
const callsFor = (length) => Math.max(2, Math.min(1000, Math.round(2e7 / (length * 3 + 5000))));

/** `{length: [µs per call, …]}` as rank 0 measures it. */
function measure(group, lengths) {
  const results = {};
  for (const length of lengths) {
    const data = new Float32Array(length);
    const calls = callsFor(length);
    const times = [];
    for (let block = 0; block <= BLOCKS; block++) {
      group.barrier();
      const start = performance.now();
      for (let call = 0; call < calls; call++) group.allReduce(data);
      times.push(((performance.now() - start) / calls) * 1000);
    }
    // The first block warms up.
    results[length] = times.slice(1);
  }
  group.dispose();
  return results;
}

async function threads(size, lengths) {
  const handle = createThreadGroup({ size });
  const workers = Array.from(
    { length: size },
    (_, rank) => new Worker(SELF, { workerData: { handle, rank, lengths } }),
  );
  return new Promise((resolve, reject) => {
    workers[0].on("message", resolve);
    for (const worker of workers) worker.on("error", reject);
  });
}

async function processes(size, lengths) {
  const name = `bench-${process.pid}-${Date.now()}`;
  const runs = Array.from({ length: size }, (_, rank) =>
    run(process.execPath, [SELF, "--as", JSON.stringify({ name, rank, size, lengths })]),
  );
  return JSON.parse((await Promise.all(runs))[0]);
}

const mpirun = (size, command) =>
  run("mpirun", ["--allow-run-as-root", "--oversubscribe", "-n", String(size), ...command]);

async function mpi(size, lengths) {
  return JSON.parse(await mpirun(size, [process.execPath, SELF, "--as", JSON.stringify({ lengths })]));
}

async function cProgram(size, lengths, program) {
  const output = await mpirun(size, [
    program,
    ...lengths.flatMap((length) => [String(length), String(callsFor(length))]),
  ]);
  const results = {};
  for (const line of output.trim().split("\n")) {
    const [length, time] = line.split(" ").map(Number);
    results[length] ??= [];
    results[length].push(time);
  }
  return results;
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ended with code ${code}.`)),
    );
  });
}

async function main(flags) {
  printHeader();
  const size = Number(flags.ranks);
  const lengths = flags.lengths.split(",").map(Number);
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const ways = { threads, processes };
    if (spawnSync("mpirun", ["--version"]).status === 0) ways.MPI = mpi;
    if (spawnSync("mpicc", ["--version"]).status === 0) {
      const program = join(folder, "allreduce");
      execFileSync("mpicc", ["-O3", "-o", program, fileURLToPath(new URL("allreduce.c", import.meta.url))]);
      ways.C = (size, lengths) => cProgram(size, lengths, program);
    }
    const times = Object.fromEntries(Object.keys(ways).map((way) => [way, {}]));
    // Rounds, so that what else the machine does falls on all of them.
    for (let round = 0; round < Number(flags.rounds); round++)
      for (const [way, measureWay] of Object.entries(ways))
        for (const [length, some] of Object.entries(await measureWay(size, lengths)))
          times[way][length] = [...(times[way][length] ?? []), ...some];
    report("median block", size, lengths, times, median);
    report("quickest block", size, lengths, times, (some) => Math.min(...some));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(title, size, lengths, times, choose) {
  console.log(`\nAll-reduce over ${size} ranks, microseconds per call, ${title}`);
  printTable(
    lengths.map((length) => {
      const row = { floats: length };
      for (const [way, results] of Object.entries(times)) row[way] = choose(results[length]);
      if (row.MPI && row.C) row["MPI ÷ C"] = row.MPI / row.C;
      return row;
    }),
  );
}

const { values: flags } = readArguments({
  options: {
    ranks: { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    lengths: { type: "string", default: "1,513,4097,65536,1048576,4194304" },
    as: { type: "string" },
  },
});

if (!isMainThread) {
  const { handle, rank, lengths } = workerData;
  const results = measure(joinThreadGroup(handle, rank), lengths);
  if (rank === 0) parentPort.postMessage(results);
} else if (flags.as) {
  const { name, rank, size, lengths } = JSON.parse(flags.as);
  const group = name ? joinProcessGroup({ name, rank, size }) : joinMpiGroup();
  const results = measure(group, lengths);
  if (group.rank === 0) console.log(JSON.stringify(results));
} else await main(flags);
