import { causeOfDeath, lastWords, ownModule, startProcess } from "@seg/node";
import { type ChosenDevice, environmentOf } from "../replica/device.ts";
import type { FromReplica } from "../replica/messages.ts";
import type { Place, PlaceListener } from "./place.ts";

/**
 * Starts a process for a replica; what it prints goes where this process prints.
 *
 * @throws {DataParallelError} `option` if this process does not see its GPU.
 */
export function launchProcess({ onMessage, onEnd }: PlaceListener, device: ChosenDevice): Place {
  const child = startProcess(ownModule("../replica/process", import.meta.url), [String(process.pid)], {
    env: environmentOf(device),
    serialization: "advanced",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  child.stderr!.on("data", (text: Buffer) => process.stderr.write(text));
  const stderr = lastWords(child);
  child.on("message", (message) => onMessage(message as FromReplica));
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      onEnd(`could not be started or told: ${error.message}`, error);
      if (child.pid === undefined) resolve();
    });
    child.on("exit", (code, signal) => {
      onEnd(causeOfDeath({ code, signal, stderr: stderr() }));
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
