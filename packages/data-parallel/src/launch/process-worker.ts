import { exitReason, forwardStderr, ownModule, startProcess, stderrTail } from "@seg/node";
import { type ChosenDevice, environmentOf } from "../replica/device.ts";
import type { FromReplica } from "../replica/messages.ts";
import type { ReplicaWorker, WorkerListener } from "./replica-worker.ts";

/**
 * Starts a process for a replica; its stdout and stderr are forwarded to this process's.
 *
 * @throws {DataParallelError} `option` if this process does not see its GPU.
 */
export function launchProcess({ onMessage, onExit }: WorkerListener, device: ChosenDevice): ReplicaWorker {
  const child = startProcess(ownModule("../replica/process-main", import.meta.url), [String(process.pid)], {
    env: environmentOf(device),
    serialization: "advanced",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  forwardStderr(child, (text) => process.stderr.write(text));
  const stderr = stderrTail(child);
  child.on("message", (message) => onMessage(message as FromReplica));
  const exited = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      onExit(`could not be started or told: ${error.message}`, error);
      if (child.pid === undefined) resolve();
    });
    child.on("exit", (code, signal) => {
      onExit(exitReason({ code, signal, stderr: stderr() }));
      resolve();
    });
  });
  return {
    // Where the process has exited already, its exit event follows.
    send: (message) => void child.send(message, () => {}),
    setRef: (on) => {
      const method = on ? "ref" : "unref";
      child[method]();
      child.channel?.[method]();
      (child.stderr as unknown as { ref(): void; unref(): void })[method]();
    },
    // Windows has no such signal, and one process at most.
    wake: () => process.platform !== "win32" && child.kill("SIGCONT"),
    terminate: () => {
      child.kill("SIGKILL");
      return exited;
    },
    exited,
  };
}
