// What must hold for a process of its own: signals, a disk that is full, what is printed.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE, type TinyDataset, temporaryFolder, tinyDataset, trainWords } from "@seg/testing/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

interface End {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

let folder: string;
let data: TinyDataset;

const wordsFor = (dir: string, flags: string[] = []): string[] => [
  ...[...FROM_SOURCE, BIN],
  ...trainWords(data.list, dir, flags, { "TRAIN.num_epoch": 3, "TRAIN.epoch_iters": 2 }),
];

/** Runs `seg train` in a process of its own; `onLine` is told of each line of its results. */
function seg(command: string, words: string[], onLine: (line: string, child: ChildProcess) => void = () => {}) {
  return new Promise<End>((resolve) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
    const end = { stdout: "", stderr: "" };
    child.stderr.on("data", (text) => {
      end.stderr += text;
    });
    child.stdout.on("data", (text: Buffer) => {
      end.stdout += text;
      for (const line of String(text).split("\n")) if (line) onLine(line, child);
    });
    child.on("close", (code, signal) => resolve({ code, signal, ...end }));
  });
}

/** Sends a signal when an iteration is told of. */
const signalAt = (epoch: number, iteration: number, signal: NodeJS.Signals) => (line: string, child: ChildProcess) => {
  const told = line.startsWith("{") ? JSON.parse(line) : {};
  const isIt = line.startsWith(`Epoch: [${epoch}][${iteration}/`);
  if (isIt || (told.type === "iteration" && told.epoch === epoch && told.iteration === iteration)) child.kill(signal);
};

const weights = (dir: string) =>
  readdirSync(dir)
    .filter((file) => /^(encoder|decoder|trainer|history)_/.test(file))
    .map((file) => [file, readFileSync(join(dir, file)).toString("base64")]);

describe("A training in a process of its own", () => {
  let undisturbed: End;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "seg-cli-"));
    data = await tinyDataset(folder);
    undisturbed = await seg(process.execPath, wordsFor(join(folder, "undisturbed")));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("prints the original's lines on stdout and the rest on stderr", () => {
    expect(undisturbed).toMatchObject({ code: 0, signal: null });
    const lines = undisturbed.stdout.trim().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[1]).toMatch(
      /^Epoch: \[1\]\[1\/2\], Time: \d+\.\d\d, Data: \d+\.\d\d, lr_encoder: 0\.016973, lr_decoder: 0\.016973, Accuracy: \d+\.\d\d, Loss: \d+\.\d{6}, Left: [\d a-z]+$/,
    );
    expect(undisturbed.stderr).toContain("Saved encoder_epoch_2.pth, decoder_epoch_2.pth");
  });

  it("interrupted saves, killed loses an epoch at most, and resumed each time ends with the same bytes", async () => {
    const dir = join(temporaryFolder(), "run");
    const resumed = wordsFor(dir, ["--resume"]);
    const interrupted = await seg(process.execPath, wordsFor(dir), signalAt(1, 0, "SIGINT"));
    expect(interrupted.code).toBe(130);
    // How many iterations pass before the signal arrives is not known.
    expect(interrupted.stderr).toMatch(/Saved encoder_epoch_(0_iter_\d|\d)\.pth.*\nerror: interrupted\n$/);
    for (let i = 0; i < 2; i++) {
      const killed = await seg(process.execPath, resumed, signalAt(2, 0, "SIGKILL"));
      expect(killed.signal).toBe("SIGKILL");
    }
    const terminated = await seg(process.execPath, [...resumed, "--json"], signalAt(2, 0, "SIGTERM"));
    expect(terminated.code).toBe(130);
    const last = await seg(process.execPath, [...resumed, "--json"]);
    const told = last.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(["iteration", "checkpoint", "done"]));
    expect(told.at(-1)).toEqual({ type: "done", folder: dir, checkpoint: "epoch_3.pth" });
    expect(weights(dir)).toEqual(weights(join(folder, "undisturbed")));
  });

  it.skipIf(process.platform === "win32")(
    `saves and ends when its terminal closes or nobody reads it any more${process.platform === "win32" ? " (skipped: no SIGHUP)" : ""}`,
    async () => {
      const saved = /Saved encoder_epoch_(0_iter_\d|\d)\.pth.*\nerror: interrupted\n$/;
      // The system tells it, and the shell again.
      const twice = (line: string, child: ChildProcess) => {
        signalAt(1, 0, "SIGHUP")(line, child);
        if (line.startsWith("Epoch: [1][0/")) setTimeout(() => child.kill("SIGHUP"), 250);
      };
      const closed = await seg(process.execPath, wordsFor(join(temporaryFolder(), "run")), twice);
      expect(closed).toMatchObject({ code: 130, stderr: expect.stringMatching(saved) });

      const words = wordsFor(join(temporaryFolder(), "run"), ["--epochs", "50"]);
      const unread = await seg("bash", ["-c", 'set -o pipefail; "$0" "$@" | head -1', process.execPath, ...words]);
      expect(unread.code).toBe(141);
      expect(unread.stderr).toMatch(/Saved encoder_epoch_\d+(_iter_\d)?\.pth.*\nerror: [^\n]*the pipe is closed\.\n$/);
    },
  );

  it.skipIf(process.platform === "win32")(
    `that can write no more ends with one line, and its last checkpoint is as it was${process.platform === "win32" ? " (skipped: no ulimit)" : ""}`,
    async () => {
      const dir = join(temporaryFolder(), "run");
      mkdirSync(dir);
      for (const [file] of weights(join(folder, "undisturbed"))) {
        if (file!.includes("epoch_1.")) cpSync(join(folder, "undisturbed", file!), join(dir, file!));
      }
      const before = weights(dir);
      expect(before).toHaveLength(4);
      // Files may not grow beyond 4 MB, as on a disk that is full.
      const words = wordsFor(dir, ["--resume"]);
      const limited = await seg("bash", ["-c", 'ulimit -f 4096; exec "$0" "$@"', process.execPath, ...words]);
      expect(limited.code).toBe(1);
      const errors = limited.stderr.split("\n").filter((line) => line.startsWith("error:"));
      expect(errors).toEqual([expect.stringMatching(/Expected to write \S+encoder_epoch_2\.pth but .*free space/)]);
      expect(limited.stderr).not.toMatch(/\n\s+at /);
      expect(weights(dir)).toEqual(before);
      expect(readdirSync(dir).filter((file) => file.endsWith(".tmp"))).toEqual([]);
    },
  );
});
