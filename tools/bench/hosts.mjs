/**
 * Times all-reduce, and all that one training step says, between two hosts: network namespaces whose Ethernet has the latency and the bandwidth
 * named, with MPI over TCP, beside what the model of packages/data-parallel/SCALING.md predicts. Linux, as root, with Open MPI, iproute2 and cc.
 *
 *   node tools/bench/hosts.mjs [--networks 0,0@10,0@1,0.1,1,10,0.1@1,1@1] [--lengths 1,…] [--seconds 1]
 *
 * A network is milliseconds of latency, one way, and where they follow `@`, Gb/s. Bandwidth is the kernel's `tbf`; latency is delay.c, a program that
 * carries the frames, because `tc`'s netem is missing from many kernels. Two hosts and the cable share this machine's processors: where they have other
 * work, only the quickest block tells of the network.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { broadcastJson, joinMpiGroup } from "@seg/collectives";
import { start, startHosts, unlessHosts } from "@seg/testing/hosts";
import { call } from "./network-model.mjs";
import { median, printHeader, printTable, readArguments } from "./report.mjs";

const SELF = fileURLToPath(import.meta.url);

/** Channels of the batch norms of MobileNetV2dilated + C1_deepsup, and its gradient's length: what one step says. */
const STEP = { norms: 53, channels: 142, parameters: 2_181_932 };

/** What one processor does for a message over TCP within this machine, and how fast (measured on the network `0`). */
const MESSAGE = 5e-6;

/** Calls in a row: one alone may find the other rank's message already there. */
const BLOCK = 10;

/** Milliseconds of calls, the means of blocks: median and quickest, as rank 0 measures them; as many as `seconds` allow. */
function measure(group, seconds, run) {
  const once = () => {
    group.barrier();
    const begin = performance.now();
    for (let i = 0; i < BLOCK; i++) run();
    return (performance.now() - begin) / BLOCK;
  };
  once();
  const count = broadcastJson(Math.max(3, Math.min(200, Math.round((1000 * seconds) / BLOCK / once()))), group);
  const times = Array.from({ length: count }, once);
  return { median: median(times), quickest: Math.min(...times) };
}

function asRank({ lengths, seconds }) {
  const group = joinMpiGroup({ timeoutMs: 120_000 });
  const results = { lengths: {} };
  for (const length of lengths) {
    const data = new Float32Array(length);
    results.lengths[length] = measure(group, seconds, () => group.allReduce(data));
  }
  const [forward, backward] = [new Float32Array(2 * STEP.channels + 2), new Float32Array(2 * STEP.channels)];
  const gradients = new Float32Array(STEP.parameters);
  results.step = measure(group, seconds, () => {
    for (let i = 0; i < STEP.norms; i++) group.allGather(forward);
    for (let i = 0; i < STEP.norms; i++) group.allReduce(backward);
    group.allReduce(gradients);
  });
  if (group.rank === 0) console.log(JSON.stringify(results));
  group.dispose();
}

/** Runs the ranks on two hosts with such a network. */
async function over({ latency, rate }, task) {
  const folder = mkdtempSync(join(tmpdir(), "hosts-"));
  let cable;
  const connect = async (pids) => {
    const program = join(folder, "delay");
    execFileSync("cc", ["-O2", "-o", program, fileURLToPath(new URL("delay.c", import.meta.url))]);
    cable = spawn(program, [...pids, latency * 1000].map(String), { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve, reject) => {
      cable.stdout.once("data", resolve);
      cable.once("exit", () => reject(new Error("delay.c did not start.")));
    });
  };
  const hosts = await startHosts({ folder, ...(latency > 0 && { connect }) });
  try {
    // Of the ways to meet congestion, the one that every kernel allows in every namespace: others keep rates of their own.
    for (const host of hosts.names) {
      const [program = "", ...words] = hosts.wordsOn(host);
      execFileSync(program, [...words, "sh", "-c", "echo reno >/proc/sys/net/ipv4/tcp_congestion_control"]);
    }
    if (rate > 0)
      for (const host of hosts.names)
        hosts.tc(host, [
          "qdisc",
          "add",
          "dev",
          "DEV",
          "root",
          "tbf",
          "rate",
          `${rate}gbit`,
          "burst",
          "256kb",
          "latency",
          "50ms",
        ]);
    const words = [process.execPath, SELF, "--as", JSON.stringify(task)];
    const run = start([...hosts.wordsOn(), ...hosts.mpirun(1), ...words]);
    if ((await run.ended) !== 0) throw new Error(run.said.stderr);
    return JSON.parse(run.said.stdout);
  } finally {
    cable?.kill();
    await hosts.dispose();
    rmSync(folder, { recursive: true });
  }
}

/** The networks without limits: the kernel's switch, and delay.c, which takes as little as it can. */
const BARE = { latency: 0, rate: 0 };
const CARRIED = { latency: 0.001, rate: 0 };

/** What calls take over a network without limits. */
function own(found, longest, title) {
  // A frame's call is one latency; two ranks send each half of a long vector twice.
  const latency = found.lengths[1].quickest / 1000;
  const bandwidth = (4 * longest) / (found.lengths[longest].quickest / 1000 - 3 * latency);
  console.log(`${title}: ${(1e6 * latency).toFixed(0)} µs a call, ${(bandwidth / 1e9).toFixed(2)} GB/s`);
  return { latency, bandwidth };
}

/** The network of the model: its latency and bandwidth, besides what this machine takes by itself. */
const modelled = ({ latency, rate }, own) => ({
  latency: own.latency + latency / 1000,
  bandwidth: rate > 0 ? Math.min(own.bandwidth, (0.95 * rate * 1e9) / 8) : own.bandwidth,
  message: MESSAGE,
});

function predictedStep(network) {
  const statistics = STEP.norms * (call(network, 2, 2 * STEP.channels + 2, true) + call(network, 2, 2 * STEP.channels));
  return statistics + call(network, 2, STEP.parameters);
}

async function main(flags) {
  printHeader();
  if (unlessHosts) {
    console.log(`No hosts${unlessHosts}`);
    return;
  }
  const lengths = flags.lengths.split(",").map(Number);
  const longest = Math.max(...lengths);
  const networks = flags.networks.split(",").map((text) => {
    const [latency, rate = 0] = text.split("@").map(Number);
    return { latency, rate };
  });
  const task = { lengths: [...new Set([1, ...lengths])], seconds: Number(flags.seconds) };
  const bare = await over(BARE, task);
  const ownOf = { direct: own(bare, longest, "Switch"), carried: own(await over(CARRIED, task), longest, "delay.c") };
  console.log("the model takes these for what the machine itself needs\n");
  const rows = [];
  for (const network of networks) {
    const found = network.latency + network.rate === 0 ? bare : await over(network, task);
    const model = modelled(network, network.latency > 0 ? ownOf.carried : ownOf.direct);
    const title = `${network.latency} ms${network.rate ? `, ${network.rate} Gb/s` : ""}`;
    const row = (what, { median, quickest }, predicted) =>
      rows.push({
        network: title,
        what,
        "median ms": median,
        "quickest ms": quickest,
        "predicted ms": 1000 * predicted,
        "quickest ÷ predicted": quickest / (1000 * predicted),
      });
    for (const length of lengths) row(`all-reduce of ${length}`, found.lengths[length], call(model, 2, length));
    row("a step's calls", found.step, predictedStep(model));
  }
  printTable(rows);
}

const { values: flags } = readArguments({
  options: {
    networks: { type: "string", default: "0,0@10,0@1,0.1,1,10,0.1@1,1@1" },
    lengths: { type: "string", default: "1,65536,2181932" },
    seconds: { type: "string", default: "1" },
    as: { type: "string" },
  },
});
if (flags.as) asRank(JSON.parse(flags.as));
else await main(flags);
