/**
 * Hosts on one machine: network namespaces on one Ethernet switch, each with its own name, `/dev/shm`, System V IPC and, but for the first, processes.
 * Ranks on two of them share nothing but the network and the files. Plain JavaScript, so that benches can take it without a build.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** Why there can be no hosts here, for a test's title: ` (skipped: …)`; empty where there can. */
export const unlessHosts = (() => {
  if (process.platform !== "linux") return " (skipped: namespaces are Linux's)";
  if (!/Open MPI/.test(spawnSync("mpirun", ["--version"], { encoding: "utf8" }).stdout ?? ""))
    return " (skipped: no mpirun of Open MPI)";
  if (spawnSync("ip", ["-V"]).status !== 0) return " (skipped: no ip of iproute2)";
  const tried = spawnSync("unshare", ["--net", "--uts", "--ipc", "--pid", "--mount", "--fork", "--mount-proc", "true"]);
  return tried.status === 0 ? "" : " (skipped: namespaces are refused, which want root)";
})();

/** Ends all processes of a shell's network namespace but for itself and unshare, with which it would end too early. */
const END_ALL = `for process in /proc/[0-9]*; do
  [ "$(readlink $process/ns/net)" = "$(readlink /proc/$$/ns/net)" ] && [ $process != /proc/$$ ] && [ $process != /proc/$PPID ] && kill -9 "\${process#/proc/}"
done`;

/** @typedef {{ pid: number, pids: number[], end: () => Promise<void> }} Namespace */

/**
 * Namespaces that live until `end`, or until this process ends, however it does.
 *
 * @param {string[]} kinds - flags of `unshare`.
 * @param {string} setup - what a shell does in them first.
 * @returns {Promise<Namespace>} `pid` is a process in them.
 */
async function enterNew(kinds, setup) {
  // The shell's input ends with this process.
  const words = [...kinds, "--fork", "--kill-child", "sh", "-ec", `${setup}\necho ready\nread _ || :\n${END_ALL}`];
  const child = spawn("unshare", words, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const isReady = new Promise((resolve) => child.stdout.once("data", () => resolve(true)));
  if (!(await Promise.race([isReady, ended.then(() => false)]))) throw new Error(`unshare says: ${said}`);
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) endNow(pid);
    await ended;
  };
  return { pids: [pid, Number(child.pid)], pid, end };
}

/**
 * Starts hosts. The first is the one that `run` runs commands on, and shares this machine's processes; the others' processes are all killed with them.
 *
 * @param {object} options
 * @param {string} options.folder - that all hosts share; `private` in it is each host's own.
 * @param {readonly string[]} [options.names] - of the hosts.
 * @param {(pids: number[]) => Promise<unknown>} [options.connect] - makes a device `eth0` in the network namespaces of these processes; by default a switch joins them.
 */
export async function startHosts({ folder, names = ["a", "b"], connect }) {
  for (const name of ["hosts", "private"]) mkdirSync(join(folder, name), { recursive: true });
  const addressOf = (/** @type {string} */ name) => `10.91.0.${names.indexOf(name) + 1}`;
  writeFileSync(
    join(folder, "hosts/names"),
    ["127.0.0.1 localhost", ...names.map((name) => `${addressOf(name)} ${name}`), ""].join("\n"),
  );
  const network = await enterNew(["--net"], "ip link add switch type bridge\nip link set switch up");
  /** @type {Map<string, Namespace>} */
  const hosts = new Map();
  const hostOf = (/** @type {string} */ name) => /** @type {Namespace} */ (hosts.get(name));
  const onSwitch = (/** @type {string[]} */ ...words) => ip(network.pid, words);

  /** @param {string} name */
  async function start(name) {
    const own = hosts.size === 0 ? [] : ["--pid", "--mount-proc"];
    const host = await enterNew(
      ["--net", "--uts", "--ipc", "--mount", ...own],
      `hostname ${name}
      ip link set lo up
      mount -t tmpfs shm /dev/shm
      mount -t tmpfs private ${folder}/private
      mount --bind ${folder}/hosts/names /etc/hosts
      mkdir ${folder}/private/tmp`,
    );
    hosts.set(name, host);
    writeFileSync(join(folder, "hosts", name), String(host.pid));
    if (!connect) plugIn(name, host.pid);
  }

  /** @param {string} name @param {number} pid */
  function plugIn(name, pid) {
    onSwitch("link", "add", `to-${name}`, "type", "veth", "peer", "name", "eth0", "netns", String(pid));
    onSwitch("link", "set", `to-${name}`, "master", "switch", "up");
    address(name, pid);
  }

  /** @param {string} name @param {number} pid */
  function address(name, pid) {
    ip(pid, ["address", "add", `${addressOf(name)}/24`, "dev", "eth0"]);
    ip(pid, ["link", "set", "eth0", "up"]);
  }

  for (const name of names) await start(name);
  if (connect) {
    await connect(names.map((name) => hostOf(name).pid));
    for (const [name, { pid }] of hosts) address(name, pid);
  }
  const agent = join(folder, "hosts/agent");
  const enter = "nsenter --net --uts --ipc --mount";
  // In place of ssh: host, then a command for its shell. ssh is not told either when a host vanishes.
  writeFileSync(
    agent,
    `#!/bin/sh
host=$1; shift
pid=$(cat ${folder}/hosts/$host)
${enter} --pid -t "$pid" env TMPDIR=${folder}/private/tmp sh -c "$*"
code=$?
sleep 1
[ -e /proc/$pid ] && exit $code
exec sleep 3600\n`,
    { mode: 0o755 },
  );
  const pidOf = (/** @type {string} */ name) => hostOf(name).pid;

  return {
    names,
    folder,
    addressOf,
    /** The words that run a command on a host, the first unless named. */
    wordsOn: (name = /** @type {string} */ (names[0])) => [
      ...enter.split(" "),
      ...(name === names[0] ? [] : ["--pid"]),
      ...["-t", String(pidOf(name)), "env", `TMPDIR=${folder}/private/tmp`],
    ],
    /** The words that begin a command on the first host that runs on `ranks` of each host. */
    mpirun: (ranks = 1, flags = /** @type {string[]} */ ([])) => [
      ...["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "plm_rsh_agent", agent],
      ...["-H", names.map((name) => `${name}:${ranks}`).join(","), ...flags],
    ],
    /** The processes on a host, by this machine's numbers, with their command lines. */
    processesOn(/** @type {string} */ name) {
      const { pid, pids } = hostOf(name);
      const namespace = readlinkSync(`/proc/${pid}/ns/net`);
      return readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry) && !pids.includes(Number(entry)))
        .flatMap((entry) => {
          try {
            if (readlinkSync(`/proc/${entry}/ns/net`) !== namespace) return [];
            const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
            // A zombie has no command any more.
            return command ? [{ pid: Number(entry), command }] : [];
          } catch {
            return [];
          }
        });
    },
    /** A path on a host, as this machine sees it. */
    pathOn: (/** @type {string} */ name, /** @type {string} */ path) => `/proc/${pidOf(name)}/root${path}`,
    /** Pulls the cable, or plugs it in. */
    link: (/** @type {string} */ name, /** @type {"up" | "down"} */ state) =>
      void onSwitch("link", "set", `to-${name}`, state),
    /** Takes the power from a host: nobody is told. */
    async vanish(/** @type {string} */ name) {
      onSwitch("link", "set", `to-${name}`, "down");
      await hostOf(name).end();
      hosts.delete(name);
      // The link goes with its other end, which unsent words of the dead may keep for minutes.
      if (readFileSync(`/proc/${network.pid}/net/dev`, "utf8").includes(`to-${name}:`))
        onSwitch("link", "del", `to-${name}`);
    },
    /** Starts a host that vanished. */
    restart: start,
    /** Runs `tc` where a host's link meets the switch (`at: "switch"`: what the host receives), or on the host (what it sends). */
    tc(/** @type {string} */ name, /** @type {string[]} */ words, at = "host") {
      const [pid, device] = at === "host" ? [pidOf(name), "eth0"] : [network.pid, `to-${name}`];
      execFileSync("nsenter", [
        "--net",
        "-t",
        String(pid),
        "tc",
        ...words.map((word) => (word === "DEV" ? device : word)),
      ]);
    },
    async dispose() {
      for (const [name, host] of hosts) {
        for (const { pid } of name === names[0] ? this.processesOn(name) : []) endNow(pid);
        await host.end();
      }
      await network.end();
    },
  };
}

/** @param {number} pid @param {string[]} words */
const ip = (pid, words) => execFileSync("nsenter", ["--net", "-t", String(pid), "ip", ...words], { stdio: "pipe" });

/** @param {number} pid */
function endNow(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/**
 * Starts a command and gathers what it says.
 *
 * @param {readonly string[]} words
 */
export function start(words) {
  const [command = "", ...others] = words;
  const child = spawn(command, others, { stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const stream of /** @type {const} */ (["stdout", "stderr"]))
    child[stream].on("data", (data) => {
      said[stream] += data;
    });
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve) => child.once("exit", (code) => setImmediate(() => resolve(code))));
  return { child, said, ended };
}

/** What makes mpirun notice after 30 to 40 seconds that a host is lost, which is later than the ranks do: a look after 10 seconds of silence, and 6 more, 5 seconds apart. */
export const QUICK_LOOK = ["time=10", "intvl=5", "probes=6"].flatMap((setting) => [
  "--mca",
  ...`oob_tcp_keepalive_${setting}`.split("="),
]);

/** Waits until a condition holds. @param {() => boolean} condition */
export async function until(condition) {
  while (!condition()) await setTimeout(50);
}
