// Whether a lock's holder runs, on disks that one machine has and on disks that many share.
import { spawnSync } from "node:child_process";
import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createLock, type Holder, readLock } from "../src/lock-file.ts";
import { ownHolder, stateOfHolder } from "../src/lock-holder.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const disk = vi.hoisted(() => ({ isLocal: true }));
vi.mock(import("../src/machine.ts"), async (original) => ({
  ...(await original()),
  bootId: () => "this boot",
  isOnLocalDisk: async () => disk.isLocal,
}));

const gone = spawnSync(process.execPath, ["-e", ""]).pid;
let path: string;
let own: Holder;

const stateOf = (changes: Partial<Holder> = {}) => stateOfHolder(path, { ...own, isCopy: false, ...changes });

beforeEach(() => {
  path = join(temporaryFolder(), "lock");
  own = ownHolder("own");
});

describe.each([true, false])("Where one machine has the disk: %s, a holder", (isLocal) => {
  beforeEach(() => {
    disk.isLocal = isLocal;
  });
  const unless = (state: string) => (isLocal ? state : "unknown");

  it.skipIf(process.platform === "win32")(
    `of this machine is seen to run or not${process.platform === "win32" ? " (skipped: no start times)" : ""}`,
    async () => {
      expect(await stateOf()).toBe("running");
      expect(await stateOf({ pid: gone })).toBe("ended");
      expect(await stateOf({ started: own.started! + 100 })).toBe("ended");
    },
  );

  it("of another run of the machine, or of another machine, has ended if nobody else can have the disk", async () => {
    expect(await stateOf({ boot: "another boot" })).toBe(unless("ended"));
    expect(await stateOf({ boot: "another boot", host: "elsewhere" })).toBe(unless("ended"));
  });

  it("of a machine that was renamed meanwhile is looked at if nobody else can have the disk", async () => {
    expect(await stateOf({ host: "before", pid: gone })).toBe(unless("ended"));
  });

  it("of an older version is known by its machine's name", async () => {
    const { boot: _boot, clock: _clock, ...older } = own;
    expect(await stateOfHolder(path, { ...older, isCopy: false, pid: gone })).toBe("ended");
    expect(await stateOfHolder(path, { ...older, isCopy: false, pid: gone, host: "elsewhere" })).toBe("unknown");
  });

  it("of another container, or of another clock, is not seen", async () => {
    expect(await stateOf({ pid: gone, namespace: own.namespace! + 1 })).toBe("unknown");
    expect(await stateOf({ pid: gone, clock: own.clock! + 1 })).toBe("unknown");
  });
});

it("Holds the lock still where its folder was renamed, and not a copy of it", async () => {
  disk.isLocal = true;
  const stateAt = async (file: string) => stateOfHolder(file, await readLock(file));
  await createLock(path, own);
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  renameSync(path, `${path}.moved`);
  expect([await stateAt(copy), await stateAt(`${path}.moved`)]).toEqual(["ended", await stateOf()]);
});
