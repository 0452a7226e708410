import { readFileSync } from "node:fs";

/** The limits of the system that programs run into, by their rows in Linux's `/proc/self/limits`. */
const ROWS = { files: "Max open files", addresses: "Max address space", processes: "Max processes" } as const;

/** The same in Node's own report, which needs no free descriptor and is there on macOS too; sizes in bytes whatever the name says. */
const REPORTED: Record<keyof typeof ROWS, readonly string[]> = {
  files: ["open_files"],
  addresses: ["virtual_memory_bytes", "virtual_memory_kbytes"],
  processes: ["max_user_processes"],
};

/**
 * What this process may have at most: open files, bytes of addresses, processes of its user; undefined where there is no limit or none is known.
 *
 * @example
 * ```ts
 * import { limitOf } from "@seg/node";
 *
 * // Leave most of the files that may be open to others.
 * const files = limitOf("files") ?? Number.POSITIVE_INFINITY;
 * console.log(Math.min(16, files / 8)); // 16
 * ```
 */
export function limitOf(kind: keyof typeof ROWS): number | undefined {
  try {
    const text = readFileSync("/proc/self/limits", "latin1");
    return finite(new RegExp(`^${ROWS[kind]} +(\\d+)`, "m").exec(text)?.[1]);
  } catch {
    return reportedLimit(kind);
  }
}

function reportedLimit(kind: keyof typeof ROWS): number | undefined {
  try {
    const { userLimits } = process.report.getReport() as { userLimits?: Record<string, { soft: unknown }> };
    return finite(REPORTED[kind].map((name) => userLimits?.[name]?.soft).find((soft) => soft !== undefined));
  } catch {
    return undefined;
  }
}

const finite = (text: unknown) => (/^\d+$/.test(String(text ?? "")) ? Number(text) : undefined);

/** Below this a program of a few hundred modules may find too few descriptors, and Node then reports modules as missing. */
const FEW_FILES = 512;

/** What an error's text looks like where a limit was reached, and what then is said; the first that says something counts. */
const SIGNS: readonly [pattern: RegExp, explain: () => string | undefined][] = [
  [/\bENFILE\b/, () => "the system's open files are used up: end other programs, or raise fs.file-max"],
  [/\bEMFILE\b|too many open files/i, tooFewFiles],
  // Reading a package's manifest fails as if there were none.
  [
    /^Cannot find (?:package|module)\b/m,
    () => ((limitOf("files") ?? FEW_FILES) < FEW_FILES ? tooFewFiles() : undefined),
  ],
  [/\bEAGAIN\b|Resource temporarily unavailable|Worker initialization failure|ERR_WORKER_INIT_FAILED/, tooFewProcesses],
  [
    /Wasm memory|WebAssembly\.\w+\(\): |could not allocate memory|reserve virtual memory|Cannot allocate memory|\bENOMEM\b|Array buffer allocation failed|bad_alloc/i,
    tooFewAddresses,
  ],
];

/** What Node says where it could not open a file that is there. */
const MISLEADING = /Cannot find (?:package|module)\b.*$/s;

/**
 * The line of an error, and behind it the limit of the system that made it fail, with the way out; the line as it is where there was none, or
 * where it names the command already.
 *
 * @param error - what was thrown, if more is known than the line: its causes are looked at too.
 *
 * @example
 * ```ts
 * import { withLimit } from "@seg/node";
 *
 * const cause = Object.assign(new Error("open a.jpg"), { code: "EMFILE" });
 * const line = withLimit("Could not read a.jpg.", cause).replace(/\d+ open/, "256 open");
 * console.log(line); // Could not read a.jpg: here at most 256 open files are allowed, raise that by ulimit -n 1024.
 * console.log(withLimit("Could not read a.jpg.")); // Could not read a.jpg.
 * ```
 */
export function withLimit(line: string, error?: unknown): string {
  if (/\bulimit\b/.test(line)) return line;
  const text = [line, ...textsOf(error)].join("\n");
  for (const [pattern, explain] of SIGNS) {
    const said = pattern.test(text) ? explain() : undefined;
    if (said && MISLEADING.test(line)) return line.replace(MISLEADING, `${said}.`);
    if (said) return `${line.trim().replace(/[.:]$/, "")}: ${said}.`;
  }
  return line;
}

/** The messages and codes of an error, its cause, that one's cause, and so on. */
function textsOf(error: unknown): string[] {
  const texts: string[] = [];
  for (let next = error; next instanceof Error && texts.length < 20; next = next.cause) {
    texts.push(next.message, String((next as NodeJS.ErrnoException).code ?? ""));
  }
  return texts;
}

function tooFewFiles(): string {
  const limit = limitOf("files");
  return `${limit === undefined ? "open files are limited here" : `here at most ${limit} open files are allowed`}, raise that by ulimit -n 1024`;
}

function tooFewProcesses(): string {
  const limit = limitOf("processes");
  const few =
    limit === undefined
      ? "the system starts no more threads or processes"
      : `here a user may have ${limit} processes and threads`;
  return `${few}, raise that by ulimit -u, or use fewer workers or replicas`;
}

function tooFewAddresses(): string | undefined {
  const limit = limitOf("addresses");
  if (limit === undefined) return undefined;
  return `addresses are limited to ${gigabytes(limit)} GB here, of which each instance of WebAssembly reserves 8 to 10: raise that by ulimit -v unlimited, or set NODE_OPTIONS=--disable-wasm-trap-handler`;
}

const gigabytes = (bytes: number) => Number((bytes / 2 ** 30).toPrecision(2));

/** What V8 reserves for a thread of its own, with its stack and its heap's beginning. */
const THREAD_BYTES = 512 * 2 ** 20;

/**
 * Makes sure that a thread's own V8 finds room under a limit on addresses: without it the whole process is aborted.
 *
 * @param starting - how many threads were started that have not taken their room yet.
 * @throws {RangeError} naming the limit; Linux only.
 */
export function ensureRoomForThread(starting: number): void {
  if (process.platform !== "linux") return;
  const limit = limitOf("addresses");
  if (limit === undefined) return;
  const [, taken] = /^VmSize:\s*(\d+) kB/m.exec(readStatus()) ?? [];
  if (taken === undefined || limit - Number(taken) * 1024 >= (starting + 1) * THREAD_BYTES) return;
  throw new RangeError(
    `Expected 512 MB of addresses for one more thread but all are limited to ${gigabytes(limit)} GB here: raise that by ulimit -v unlimited, or use fewer workers or replicas.`,
  );
}

function readStatus(): string {
  try {
    return readFileSync("/proc/self/status", "latin1");
  } catch {
    return "";
  }
}
