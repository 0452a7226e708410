// Trainings that are killed, stopped and interrupted at random moments, on disks that are full, read-only or gone.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE, fullDisk, temporaryFolder, tinyDataset, trainWords } from "@seg/testing/node";
import { thorough } from "@seg/testing/thorough";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));
const LOCK = ".training.lock";

/** How a training is ended, again and again. */
const ENDS: NodeJS.Signals[][] = [
  ["SIGKILL"],
  ["SIGINT"],
  ["SIGSTOP", "SIGCONT", "SIGTERM"],
  ["SIGHUP"],
  ["SIGINT", "SIGINT"],
  ["SIGSTOP", "SIGKILL"],
  ...(thorough ? ([["SIGKILL"], ["SIGTERM", "SIGTERM"], ["SIGKILL"]] satisfies NodeJS.Signals[][]) : []),
];

/** Epochs of a training that is cut so often. */
const MANY = 2 * ENDS.length - 2;

let folder: string;
let list: string;
let undisturbed: string[][];

const wordsFor = (dir: string, epochs: number): string[] => [
  ...[...FROM_SOURCE, BIN],
  ...trainWords(list, dir, ["--resume"], { "TRAIN.num_epoch": epochs, "TRAIN.epoch_iters": 2, "TRAIN.keep": 4 }),
];

interface End {
  code: number | null;
  signal: string | null;
  stderr: string;
}

/** Trains in a process of its own; `atLine` is told how many lines of results there are. */
function seg(dir: string, atLine: (lines: number, child: ChildProcess) => void = () => {}, epochs = 4) {
  return new Promise<End>((resolve) => {
    const child = spawn(process.execPath, wordsFor(dir, epochs), { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    let lines = 0;
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdout.on("data", (text: Buffer) => {
      lines += String(text).split("\n").length - 1;
      atLine(lines, child);
    });
    child.on("close", (code, signal) => resolve({ code, signal, stderr }));
  });
}

const weights = (dir: string) =>
  readdirSync(dir)
    .filter((file) => /^(encoder|decoder|trainer|history)_/.test(file))
    .map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(join(dir, file)))
        .digest("hex"),
    ]);

/** Numbers in [0, 1), the same each time (a linear congruence, Numerical Recipes' constants). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const posix = process.platform !== "win32";
describe.skipIf(!posix)(`A training on hard days${posix ? "" : " (skipped: no signals)"}`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "seg-hard-"));
    ({ list } = await tinyDataset(folder));
    expect((await seg(join(folder, "undisturbed"))).code).toBe(0);
    undisturbed = weights(join(folder, "undisturbed"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("ends with the same bytes however it was killed, stopped and asked to end, and leaves no lock where it ended itself", async () => {
    const dir = join(temporaryFolder(), "run");
    const random = seeded(12);
    const whole = join(temporaryFolder(), "whole");
    expect((await seg(whole, undefined, MANY)).code).toBe(0);
    let cut = 0;
    for (const signals of ENDS) {
      let sent = false;
      const end = await seg(
        dir,
        async (_, child) => {
          if (sent) return;
          sent = true;
          await sleep(400 * random());
          for (const signal of signals) {
            child.kill(signal);
            // Twice within a moment counts as once: npm passes Ctrl-C on.
            await sleep(300);
          }
        },
        MANY,
      );
      if (end.code !== 0) cut++;
      if (signals.at(-1) === "SIGKILL") expect([0, null]).toContain(end.code);
      else {
        // The second one ends it in the midst of a step, where that takes long.
        expect(signals.length > 1 ? [0, 130, null] : [0, 130]).toContain(end.code);
        if (end.code !== null) expect(existsSync(join(dir, LOCK))).toBe(false);
      }
      expect(end.stderr).not.toMatch(/\n\s+at /);
    }
    // Or the signals came too late to prove anything.
    expect(cut).toBeGreaterThanOrEqual(ENDS.length - 2);
    expect((await seg(dir, undefined, MANY)).code).toBe(0);
    expect(weights(dir)).toEqual(weights(whole));
    expect(readdirSync(dir).filter((file) => file.endsWith(".tmp") || file.startsWith(LOCK))).toEqual([]);
    expect(existsSync(join(dir, "stopped.txt"))).toBe(false);
  });

  const mounts = fullDisk();
  const title = mounts ? "" : " (skipped: no tmpfs can be mounted)";
  const withDisk = async (kilobytes: number, work: (disk: string) => Promise<void>) => {
    const [disk, unmount] = mounts!(kilobytes);
    try {
      await work(disk);
    } finally {
      unmount();
    }
  };
  const oneLine = (end: End, reason: RegExp) => {
    expect(end).toMatchObject({ code: 1, signal: null });
    expect(end.stderr).not.toMatch(/\n\s+at /);
    const errors = end.stderr.split("\n").filter((line) => line.startsWith("error:"));
    expect(errors).toEqual([expect.stringMatching(reason)]);
  };

  it.skipIf(!mounts)(`that finds a full disk begins nothing and leaves no folder${title}`, () =>
    withDisk(2048, async (disk) => {
      oneLine(await seg(join(disk, "a/run")), /free space/);
      expect(readdirSync(join(disk, "a/run")).filter((file) => /^(encoder|decoder|trainer)_/.test(file))).toEqual([]);
    }),
  );

  it.skipIf(!mounts)(`whose disk becomes read-only keeps its last checkpoint, and goes on from it${title}`, () =>
    withDisk(256 << 10, async (disk) => {
      const dir = join(disk, "run");
      let isReadOnly = false;
      const end = await seg(dir, (lines) => {
        // The first epoch's checkpoint is there.
        if (lines < 3 || isReadOnly) return;
        isReadOnly = spawnSync("mount", ["-o", "remount,ro", disk]).status === 0;
      });
      if (isReadOnly) oneLine(end, /read-only/);
      spawnSync("mount", ["-o", "remount,rw", disk]);
      expect((await seg(dir)).code).toBe(0);
      expect(weights(dir)).toEqual(undisturbed);
    }),
  );

  it("whose folder is taken away ends with one line", async () => {
    const dir = join(temporaryFolder(), "run");
    let isGone = false;
    const end = await seg(dir, (lines) => {
      if (lines < 1 || isGone) return;
      isGone = true;
      rmSync(dir, { recursive: true, force: true });
    });
    oneLine(end, /moved, replaced or deleted meanwhile/);
    expect(existsSync(dir)).toBe(false);
    expect(existsSync(join(dir, LOCK))).toBe(false);
  });
});
