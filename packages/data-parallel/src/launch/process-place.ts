import { startProcess } from "../own-entry.ts";
import { type ChosenDevice, environmentOf } from "../replica/device.ts";
import type { FromReplica } from "../replica/messages.ts";
import type { Place, PlaceListener } from "./place.ts";

/** How much of what a process says on stderr is kept, to tell why it died. */
const KEPT = 4096;

/**
 * Starts a process for a replica; what it prints goes where this process prints.
 *
 * @throws {DataParallelError} `option` if this process does not see its GPU.
 */
export function launchProcess({ onMessage, onEnd }: PlaceListener, device: ChosenDevice): Place {
  const child = startProcess("replica/process", [String(process.pid)], {
    env: environmentOf(device),
    serialization: "advanced",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let said = "";
  child.stderr!.on("data", (text: Buffer) => {
    process.stderr.write(text);
    said = `${said}${text}`.slice(-KEPT);
  });
  child.on("message", (message) => onMessage(message as FromReplica));
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      onEnd(`could not be started or told: ${error.message}`, error);
      if (child.pid === undefined) resolve();
    });
    child.on("exit", (code, signal) => {
      onEnd(causeOfDeath(code, signal, said));
      resolve();
    });
  });
  return {
    // Where the process is gone already, its end follows.
    send: (message) => void child.send(message, () => {}),
    hold: (on) => {
      const method = on ? "ref" : "unref";
      child[method]();
      child.channel?.[method]();
      (child.stderr as unknown as { ref(): void; unref(): void })[method]();
    },
    kill: () => {
      child.kill("SIGKILL");
      return ended;
    },
    ended,
  };
}

function causeOfDeath(code: number | null, killedBy: string | null, said: string): string {
  if (/out of memory|bad_alloc/i.test(said)) return "ran out of memory";
  if (killedBy === "SIGKILL") return "was killed by SIGKILL, as the system does when memory runs out";
  const last = said.trim().split("\n").at(-1);
  return `${killedBy ? `was killed by ${killedBy}` : `ended by itself with code ${code}`}${last ? ` (${last})` : ""}`;
}
