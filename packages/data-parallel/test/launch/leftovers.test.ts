import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { startProcess } from "@seg/node";
import { afterEach, describe, expect, it } from "vitest";
import { isAlive, LAUNCHERS } from "./launchers.ts";

const PARENT = new URL("../fixtures/parent.ts", import.meta.url);

let parent: ChildProcess | undefined;
afterEach(() => {
  parent?.kill("SIGKILL");
});

/** Starts a process with two replicas, and gives the numbers of their processes. */
async function startParent(...args: string[]): Promise<number[]> {
  parent = startProcess(PARENT, args);
  const [pids] = await once(parent, "message");
  return pids;
}

describe.each(LAUNCHERS)("A parent of $launcher", ({ launcher, absent }) => {
  it.skipIf(absent)(`may forget to dispose of them${absent ? ` (skipped: ${absent})` : ""}`, async () => {
    const pids = await startParent(launcher, "forget");
    expect(await once(parent!, "exit")).toEqual([0, null]);
    await expect.poll(() => pids.filter(isAlive), { timeout: 600_000 }).toEqual([]);
  });

  it.skipIf(absent)(`takes them along when it is killed${absent ? ` (skipped: ${absent})` : ""}`, async () => {
    const pids = await startParent(launcher, "wait");
    expect(pids.filter(isAlive)).toEqual(pids);
    parent!.kill("SIGKILL");
    await once(parent!, "exit");
    await expect.poll(() => pids.filter(isAlive), { timeout: 600_000 }).toEqual([]);
  });
});
