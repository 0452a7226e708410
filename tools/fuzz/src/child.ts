import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuOf, memoryOf } from "./memory.ts";
import type { FromChild, Outcome, ToChild } from "./messages.ts";

/** What no case may take. */
export interface Limits {
  /** Seconds. */
  time: number;
  /** Bytes beyond the files and the result. */
  memory: number;
}

/** Waiting costs no processor time, or hardly any: what only waits is ended after so many times the limit, */
const WAITING = 6;
const HARDLY = 0.02;
/** and after so many times the limit all else: no machine is that busy. */
const TOO_LONG = 60;
/** What a result may need is known once it is there; until then a child may take this much more than the limit. */
const RESULT = 2 ** 30;
const SAMPLE_MS = 50;
/** Loading everything takes long on a busy machine, but not this long. */
const STARTING_MS = 120_000;

/** Node's arguments for running the sources. */
const FROM_SOURCE = [
  "--conditions=@seg/source",
  "--import",
  fileURLToPath(new URL("../../testing/src/from-source.mjs", import.meta.url)),
];

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Node's flags that leave a child nothing to write but its folder, and no process to start; empty where Node has none such. */
function permissions(scratch: string): string[] {
  const flag = ["--permission", "--experimental-permission"].find((one) =>
    process.allowedNodeEnvironmentFlags.has(one),
  );
  if (!flag) return [];
  const written = [`${scratch}/*`, "/proc/self/clear_refs", join(root, ".cache/*")];
  // The thread that reads TypeScript is allowed; the guards see to it that there is no other one.
  return [
    flag,
    "--allow-fs-read=*",
    ...written.map((path) => `--allow-fs-write=${path}`),
    "--allow-addons",
    "--allow-worker",
  ];
}

/** A process that runs cases, under watch. */
export class Child {
  readonly #process: ChildProcess;
  readonly #scratch: string;
  readonly #limits: Limits;
  readonly #watch: NodeJS.Timeout;
  #task: { told: ToChild; next: number; report: (outcome: Outcome) => void } | undefined;
  #reading: { index: number; kind: string; size: number; since: number; cpu: number; memory: number } | undefined;
  #settle: ((isAlive: boolean) => void) | undefined;
  readonly #started: Promise<boolean>;
  #why: string | undefined;
  #output = "";
  #hasEnded = false;
  #since = performance.now();

  /** @param formats - the module whose `FORMATS` are run. */
  constructor(formats: URL, limits: Limits) {
    this.#limits = limits;
    this.#scratch = mkdtempSync(join(tmpdir(), "seg-fuzz-"));
    mkdirSync(join(root, ".cache/stripped"), { recursive: true });
    this.#process = fork(new URL("child-main.ts", import.meta.url), [formats.href, this.#scratch], {
      execArgv: [...FROM_SOURCE, "--no-warnings", "--max-old-space-size=1024", ...permissions(this.#scratch)],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Where sharp and others would draw on every processor, cases would wait for each other; and temporary files are to be seen.
      env: {
        ...process.env,
        TMPDIR: this.#scratch,
        HOME: this.#scratch,
        XDG_CACHE_HOME: this.#scratch,
        VIPS_CONCURRENCY: "1",
      },
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output = (this.#output + chunk).slice(-2000);
      });
    }
    this.#process.on("message", (message: FromChild) => this.#hear(message));
    this.#process.on("exit", (code, signal) => this.#ended(signal ?? `exit code ${code}`));
    this.#started = this.#nextIdle();
    this.#watch = setInterval(() => this.#look(), SAMPLE_MS);
  }

  /**
   * Has a range of cases run.
   *
   * @param report - told of each.
   * @returns the case to go on with; beyond the last one where all were run. The child is of no more use where `isAlive` is false.
   */
  async run(task: ToChild, report: (outcome: Outcome) => void): Promise<{ next: number; isAlive: boolean }> {
    if (!(await this.#started)) throw new Error(`a child of the campaign does not start: ${this.#output}`);
    const state = { told: task, next: task.from, report };
    this.#task = state;
    const ended = this.#nextIdle();
    this.#since = performance.now();
    this.#process.send(task);
    const isAlive = await ended;
    this.#task = undefined;
    return { next: state.next, isAlive };
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#watch);
    this.#process.kill("SIGKILL");
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  /** Whether it is there to run cases, once it waits for some; false when it ends. */
  #nextIdle(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  #hear(message: FromChild): void {
    this.#since = performance.now();
    if (message.type === "idle") {
      this.#settle?.(true);
    } else if (message.type === "reading") {
      const { pid = 0 } = this.#process;
      this.#reading = { ...message, since: performance.now(), cpu: cpuOf(pid) ?? 0, memory: memoryOf(pid)?.now ?? 0 };
    } else {
      const { seconds, peak, fault } = message;
      this.#reading = undefined;
      const slow = seconds > this.#limits.time ? `slow: ${seconds.toFixed(1)} s` : undefined;
      const swollen = peak > this.#limits.memory ? `swollen: ${Math.round(peak / 1e6)} MB` : undefined;
      const printed = this.#output ? `printed: ${JSON.stringify(this.#output)}` : undefined;
      this.#output = "";
      this.#report({ ...message, fault: fault ?? slow ?? swollen ?? printed });
    }
  }

  #report(outcome: Outcome): void {
    const task = this.#task!;
    task.next = outcome.index + 1;
    task.report(outcome);
  }

  /** Ends the child once its case is beyond a limit. */
  #look(): void {
    const { pid = 0 } = this.#process;
    const now = performance.now();
    if (this.#hasEnded || this.#why) return;
    if (!this.#reading) {
      if (this.#task && now - this.#since > STARTING_MS) this.#kill("hung: while the case was made");
      return;
    }
    const { since, cpu, memory, size } = this.#reading;
    const seconds = (now - since) / 1000;
    const worked = (cpuOf(pid) ?? cpu + seconds) - cpu;
    const { time } = this.#limits;
    const isWaiting = seconds > time * WAITING && worked < seconds * HARDLY;
    if (Math.min(worked, seconds) > time) this.#kill(`hung: ended after ${worked.toFixed(1)} s of work`);
    else if (isWaiting || seconds > time * TOO_LONG) this.#kill(`hung: ended after ${seconds.toFixed(1)} s of waiting`);
    const grown = (memoryOf(pid)?.now ?? memory) - memory - size;
    if (grown > this.#limits.memory + RESULT) this.#kill(`swollen: ended at ${Math.round(grown / 1e6)} MB`);
  }

  #kill(why: string): void {
    this.#why = why;
    this.#process.kill("SIGKILL");
  }

  #ended(how: string): void {
    this.#hasEnded = true;
    clearInterval(this.#watch);
    if (this.#task && this.#task.next < this.#task.told.to) {
      const { index = this.#task.next, kind = "", since } = this.#reading ?? {};
      const seconds = since === undefined ? 0 : (performance.now() - since) / 1000;
      const fault = this.#why ?? `crashed: ${how} ${JSON.stringify(this.#output.slice(-600))}`;
      this.#report({ index, kind, outcome: "ended", seconds, peak: 0, fault });
    }
    this.#settle?.(false);
  }
}
