import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { BackendError } from "../errors.ts";
import { run } from "./run.ts";
import { requirePip, type Tools } from "./tools.ts";

/** The TensorFlow whose C library the native packages get. */
export const TENSORFLOW_VERSION = "2.21.0";

/** The Pythons it has wheels for; on any other, the wheel of one of these is taken, for Python is not what it is used with. */
const WHEEL_PYTHONS = ["3.10", "3.11", "3.12", "3.13"];

/** What of the wheel is unpacked: the two libraries, and the headers that the addon's two source files include. */
const MEMBERS = [
  "tensorflow/libtensorflow_cc.so.2",
  "tensorflow/libtensorflow_framework.so.2",
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/",
  "tensorflow/include/tsl/platform/",
  "tensorflow/include/xla/tsl/c/",
];

/** Free disk space that fetching needs at its peak, in GB: the largest wheel and everything unpacked. */
const SPACE = { cpu: 1.5, gpu: 12 };

const UNPACK = `
import os, sys, zipfile
wheel, into, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    for m in z.infolist():
        if m.filename.startswith(tuple(prefixes)) and not m.is_dir():
            os.chmod(z.extract(m, into), (m.external_attr >> 16) & 0o777 or 0o644)
`;

const REQUIREMENTS = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    print(z.read(next(n for n in z.namelist() if n.endswith('.dist-info/METADATA'))).decode())
`;

export interface FetchOptions {
  gpu: boolean;
  tools: Tools;
  /** A folder on the same disk as the result, for what is not whole yet; the caller removes it. */
  staging: string;
  log: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Makes `dir` hold TensorFlow's C library: `tensorflow/include`, `tensorflow/libtensorflow_{cc,framework}.so.2` and, for
 * GPUs, the CUDA libraries in `nvidia/<part>/lib`. The two libraries search `$ORIGIN/../nvidia/<part>/lib`, as in Python's
 * site-packages, so they must keep lying so side by side. `dir` appears whole or not at all.
 *
 * @throws {BackendError} `pip-missing`, `disk-full`, `no-network` or `download-failed`.
 */
export async function fetchLibtensorflow(dir: string, options: FetchOptions): Promise<void> {
  if (MEMBERS.every((member) => existsSync(join(dir, member)))) return;
  const { gpu, tools, staging, signal } = options;
  await requirePip(tools.python, signal);
  await requireSpace(staging, SPACE[gpu ? "gpu" : "cpu"]);
  const unpacked = join(staging, "libtensorflow");
  await mkdir(unpacked);

  // Only the x86-64 Linux wheels come in two kinds; elsewhere `tensorflow` is the CPU's.
  const distribution = gpu || process.arch !== "x64" ? "tensorflow" : "tensorflow-cpu";
  const requirement = `${distribution}==${TENSORFLOW_VERSION}`;
  const parts = await withWheel(requirement, options, async (wheel) => {
    await python([UNPACK, wheel, unpacked, ...MEMBERS], options);
    return gpu ? cudaRequirements(await python([REQUIREMENTS, wheel], options)) : [];
  });
  // One at a time, so that the disk never holds more than one of these wheels beside what is unpacked.
  for (const part of parts) {
    await withWheel(part, options, (wheel) => python([UNPACK, wheel, unpacked, "nvidia/"], options));
  }
  await rm(dir, { recursive: true, force: true });
  await rename(unpacked, dir);
}

/** The CUDA wheels that a TensorFlow wheel's metadata lists under its extra `and-cuda`. */
export function cudaRequirements(metadata: string): string[] {
  return [...metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+);.*extra == ['"]and-cuda['"]/gm)].map((m) =>
    m[1]!.trim(),
  );
}

async function withWheel<T>(
  requirement: string,
  { tools, staging, log, signal }: FetchOptions,
  use: (wheel: string) => Promise<T>,
): Promise<T> {
  const into = join(staging, "wheel");
  await mkdir(into);
  log(`Downloading ${requirement}`);
  const finished = await run(
    tools.python,
    ["-m", "pip", ...pipArguments(tools.pythonVersion, requirement), "-d", into],
    {
      signal,
      onLine: (line) => {
        if (/^\s*Downloading /.test(line)) log(line.trim());
      },
    },
  );
  if (finished.code !== 0) throw downloadError(requirement, finished.output);
  const wheel = join(into, (await readdir(into))[0]!);
  const result = await use(wheel);
  await rm(into, { recursive: true });
  return result;
}

/** The arguments of `pip download` for `requirement` alone, for a Python of this version. */
export function pipArguments(pythonVersion: string, requirement: string): string[] {
  const common = [
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
  ];
  if (WHEEL_PYTHONS.includes(pythonVersion)) return [...common, requirement];
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const platforms = ["manylinux_2_27", "manylinux_2_17", "manylinux2014"].map((tag) => `--platform=${tag}_${machine}`);
  return [...common, "--python-version=3.12", "--implementation=cp", ...platforms, requirement];
}

/** What pip's output says about why a download failed. */
function downloadError(requirement: string, output: string): BackendError {
  const lines = output.split("\n").map((line) => line.trim());
  // Without a network pip ends by saying that there is no such version; only its warnings before that tell the truth.
  const broken = /after connection broken by|NewConnectionError|ReadTimeoutError|ProtocolError|IncompleteRead/;
  const network = lines.find((line) => broken.test(line));
  if (network) {
    const cause = /\[(?:Errno -?\d+|SSL[^\]]*)\] ([^'")]+)/.exec(network)?.[1];
    return new BackendError(
      "no-network",
      `pip could not reach its package index to download ${requirement}${cause ? ` (${cause.trim()})` : ""}: check the network, the proxy (HTTPS_PROXY) or the mirror (PIP_INDEX_URL), and run this again.`,
    );
  }
  const said = lines.findLast((line) => line.startsWith("ERROR:"))?.slice("ERROR:".length);
  const last = said ?? lines.findLast((line) => line !== "") ?? "it said nothing";
  return new BackendError("download-failed", `pip could not download ${requirement}: ${last.trim()}`);
}

async function python([script, ...args]: [string, ...string[]], { tools, signal }: FetchOptions): Promise<string> {
  const { code, stdout, output } = await run(tools.python, ["-c", script, ...args], { signal });
  if (code === 0) return stdout;
  const said = output.trim().split("\n").at(-1);
  throw new BackendError("download-failed", `The downloaded wheel could not be unpacked: ${said}; run this again.`);
}

async function requireSpace(dir: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = (bavail * bsize) / 1e9;
  if (free >= needed) return;
  throw new BackendError(
    "disk-full",
    `Expected ${needed} GB free on the disk of ${dir} but found ${free.toFixed(1)}: make room, or set XDG_CACHE_HOME to a folder on another disk.`,
  );
}
