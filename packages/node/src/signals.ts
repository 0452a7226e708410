import { constants as fsConstants, fstatSync, readFileSync, statSync } from "node:fs";
import { constants, homedir } from "node:os";
import { join } from "node:path";

/**
 * The signals that ask a process to end and that it may answer in its own time: from people (Ctrl-C, Ctrl-\, Ctrl-Break, a closed terminal, a
 * lost ssh), from the system (`kill`, containers, a power failure, a limit on processor time, an alarm), and from batch queues before a job's
 * end (Slurm's `--signal`, Grid Engine's `-notify`, LSF).
 */
const END_SIGNALS = [
  ...["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"],
  ...["SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGALRM", "SIGPWR"],
].filter((name) => name in constants.signals) as NodeJS.Signals[];

/**
 * Calls a function at each signal that asks this process to end, such as SIGINT (Ctrl-C), SIGTERM, SIGQUIT and those of batch queues, SIGUSR1 and
 * SIGUSR2; at SIGHUP only where {@link ignoresHangup} is false. The process does not end of itself then.
 *
 * @example
 * ```ts
 * import { execFileSync } from "node:child_process";
 *
 * const program = `import { onEndSignal } from "@seg/node";
 * onEndSignal((signal) => {
 *   console.log(signal + ": all is saved");
 *   process.exit();
 * });
 * setInterval(() => {}, 1000);
 * process.kill(process.pid, "SIGTERM");`;
 * const words = ["--input-type=module", "--eval", program];
 * console.log(execFileSync(process.execPath, words, { encoding: "utf8" }).trim()); // SIGTERM: all is saved
 * ```
 */
export function onEndSignal(listener: (signal: NodeJS.Signals) => void): void {
  for (const name of END_SIGNALS) process.on(name, name === "SIGHUP" && ignoresHangup() ? () => {} : listener);
}

/**
 * Leaves it to the parent when this process ends: a terminal sends its signals to all processes in it.
 *
 * @example
 * ```ts
 * import { execFileSync } from "node:child_process";
 *
 * const program = `import { ignoreEndSignals } from "@seg/node";
 * ignoreEndSignals();
 * process.kill(process.pid, "SIGINT");
 * setTimeout(() => console.log("still at work"), 10);`;
 * const words = ["--input-type=module", "--eval", program];
 * console.log(execFileSync(process.execPath, words, { encoding: "utf8" }).trim()); // still at work
 * ```
 */
export function ignoreEndSignals(): void {
  for (const name of END_SIGNALS) process.on(name, () => {});
}

let ignored: boolean | undefined;

/**
 * Whether whoever started this process wanted it to outlive its terminal, as by `nohup` or `trap "" HUP`.
 *
 * Node cannot simply look: when it starts it puts signals that are ignored back to their default. What is left are the traces: the shell that
 * started it ignores SIGHUP itself (Linux), its input is what GNU's nohup opens in place of a terminal, `/dev/null` for writing (Linux), or its
 * output is `nohup.out`.
 *
 * @example
 * ```ts
 * import { execFileSync } from "node:child_process";
 *
 * const program = `import { ignoresHangup } from "@seg/node"; console.log(ignoresHangup());`;
 * const shell = `trap "" HUP; "${process.execPath}" --input-type=module --eval '${program}'; exit`;
 * console.log(execFileSync("sh", ["-c", shell], { encoding: "utf8" }).trim()); // true
 * ```
 */
export function ignoresHangup(): boolean {
  ignored ??= [parentIgnoresHangup, hasInputOfNohup, hasOutputOfNohup].some((isSo) => {
    try {
      return isSo();
    } catch {
      return false;
    }
  });
  return ignored;
}

function parentIgnoresHangup(): boolean {
  const [, mask] = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${process.ppid}/status`, "latin1")) ?? [];
  // Bit 0 stands for signal 1, SIGHUP.
  return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
}

function hasInputOfNohup(): boolean {
  const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync("/proc/self/fdinfo/0", "latin1")) ?? [];
  const isWriteOnly = flags !== undefined && (Number.parseInt(flags, 8) & 3) === fsConstants.O_WRONLY;
  return isWriteOnly && statOf(0).rdev === statSync("/dev/null", { bigint: true }).rdev;
}

function hasOutputOfNohup(): boolean {
  const output = statOf(1);
  return ["nohup.out", join(homedir(), "nohup.out")].some((file) => {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    return found?.ino === output.ino && found.dev === output.dev;
  });
}

// After a plain `fstatSync` of a pipe, Node 20 no longer resolves links when it imports a module.
const statOf = (descriptor: number) => fstatSync(descriptor, { bigint: true });
