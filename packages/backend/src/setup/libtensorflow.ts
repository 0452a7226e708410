import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BackendError } from "../errors.ts";
import { type FileRecord, recordOf, whatHasChanged } from "./file-record.ts";
import { run } from "./run-program.ts";
import { type System, wheelFor } from "./system.ts";
import { requirePip, type Tools } from "./tools.ts";

/** The TensorFlow whose C library the native packages get. */
export const TENSORFLOW_VERSION = "2.21.0";

/** The Python whose wheel is taken, whichever is installed here, as only the C library is used. */
const WHEEL_PYTHON = "3.12";

/** The headers that the addon's two source files include. */
const HEADERS = [
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
  system: System;
  tools: Tools;
  /** A staging folder on the same disk as the result; the caller removes it. */
  staging: string;
  log: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Makes `dir` hold TensorFlow's C library: in `tensorflow` the wheel's two libraries and `include`, and, for GPUs, the CUDA libraries in `nvidia/<part>/lib`. The two libraries search `$ORIGIN/../nvidia/<part>/lib`, as in Python's
 * site-packages, so they must keep lying so side by side. `dir` appears atomically.
 *
 * @throws {BackendError} `unsupported-platform`, `pip-missing`, `disk-full`, `no-network` or `download-failed`.
 */
export async function fetchLibtensorflow(dir: string, options: FetchOptions): Promise<void> {
  const { system, tools, staging, signal } = options;
  const { distribution, libraries, tags, sha256 } = wheelFor(system);
  const members = [...libraries.map((library) => `tensorflow/${library}`), ...HEADERS];
  if (members.every((member) => existsSync(join(dir, member))) && (await isAsRecorded(dir))) return;
  await requirePip(tools, signal);
  await requireSpace(staging, SPACE[system.gpu ? "gpu" : "cpu"]);
  const unpacked = join(staging, "libtensorflow");
  await mkdir(unpacked);

  const fetch = { ...options, tags };
  const parts = await withWheel(`${distribution}==${TENSORFLOW_VERSION}`, { ...fetch, sha256 }, async (wheel) => {
    await python([UNPACK, wheel, unpacked, ...members], options);
    return system.gpu ? cudaRequirements(await python([REQUIREMENTS, wheel], options)) : [];
  });
  // One at a time, so that the disk never holds more than one of these wheels beside what is unpacked.
  for (const part of parts) {
    await withWheel(part, fetch, (wheel) => python([UNPACK, wheel, unpacked, "nvidia/"], options));
  }
  await writeFile(join(unpacked, RECORD), JSON.stringify(await recordOf(unpacked, ["tensorflow", "nvidia"])));
  await rm(dir, { recursive: true, force: true });
  await rename(unpacked, dir);
}

/** The file with the sizes and checksums of all others. */
const RECORD = "files.json";

async function isAsRecorded(dir: string): Promise<boolean> {
  const text = await readFile(join(dir, RECORD), "utf8").catch(() => undefined);
  return text !== undefined && (await whatHasChanged(dir, JSON.parse(text) as FileRecord)) === undefined;
}

/** The CUDA wheels that a TensorFlow wheel's metadata lists under its extra `and-cuda`. */
export function cudaRequirements(metadata: string): string[] {
  return [...metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+);.*extra == ['"]and-cuda['"]/gm)].map((m) =>
    m[1]!.trim(),
  );
}

async function withWheel<T>(
  requirement: string,
  { tools, staging, log, signal, tags, sha256 }: FetchOptions & { tags: readonly string[]; sha256?: string },
  use: (wheel: string) => Promise<T>,
): Promise<T> {
  const into = join(staging, "wheel");
  await mkdir(into);
  log(`Downloading ${requirement}`);
  const list = join(staging, "requirement.txt");
  // With a checksum pip takes the very file that was published, whichever index or mirror it comes from; without one, what the index says.
  await writeFile(list, `${requirement}${sha256 ? ` --hash=sha256:${sha256}` : ""}\n`);
  const finished = await run(tools.python, ["-m", "pip", ...pipArguments(tags), "-r", list, "-d", into], {
    signal,
    onLine: (line) => {
      if (/^\s*Downloading /.test(line)) log(line.trim());
    },
  });
  await rm(list, { force: true });
  if (finished.code !== 0) throw downloadError(requirement, finished.output);
  const [wheel] = await readdir(into);
  if (wheel === undefined) throw downloadError(requirement, "ERROR: it ended well but left no file; run this again");
  const result = await use(join(into, wheel));
  await rm(into, { recursive: true });
  return result;
}

/**
 * The arguments of `pip download`, less the requirement.
 *
 * @param tags - pip's names for the system.
 */
export function pipArguments(tags: readonly string[]): string[] {
  return [
    "download",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
    `--python-version=${WHEEL_PYTHON}`,
    "--implementation=cp",
    ...tags.map((tag) => `--platform=${tag}`),
  ];
}

/** The error for a failed download, with the reason from pip's output. */
function downloadError(requirement: string, output: string): BackendError {
  const lines = output.split("\n").map((line) => line.trim());
  // Without a network pip's last error is that there is no such version; its warnings before that name the network error.
  const broken = /after connection broken by|NewConnectionError|ReadTimeoutError|ProtocolError|IncompleteRead/;
  const network = lines.find((line) => broken.test(line));
  if (network) {
    const cause = /\[(?:Errno -?\d+|SSL[^\]]*)\] ([^'")]+)/.exec(network)?.[1];
    return new BackendError(
      "no-network",
      `pip could not reach its package index to download ${requirement}${cause ? ` (${cause.trim()})` : ""}: check the network, the proxy (HTTPS_PROXY) or the mirror (PIP_INDEX_URL), and run this again.`,
      { data: { requirement, reason: network } },
    );
  }
  const said = lines.findLast((line) => line.startsWith("ERROR:"))?.slice("ERROR:".length);
  const last = said ?? lines.findLast((line) => line !== "") ?? "it said nothing";
  const reason = last.trim();
  return new BackendError("download-failed", `pip could not download ${requirement}: ${reason}`, {
    data: { requirement, reason },
  });
}

async function python([script, ...args]: [string, ...string[]], { tools, signal }: FetchOptions): Promise<string> {
  const { code, stdout, output } = await run(tools.python, ["-c", script, ...args], { signal });
  if (code === 0) return stdout;
  const reason = output.trim().split("\n").at(-1)!;
  throw new BackendError("download-failed", `The downloaded wheel could not be unpacked: ${reason}; run this again.`, {
    data: { reason },
  });
}

async function requireSpace(dir: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = (bavail * bsize) / 1e9;
  if (free >= needed) return;
  throw new BackendError(
    "disk-full",
    {
      expected: `${needed} GB free on the disk of ${dir}`,
      but: `found ${free.toFixed(1)}`,
      hint: "make room, or set XDG_CACHE_HOME to a folder on another disk",
    },
    { data: { file: dir, needed, free } },
  );
}
