import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { childrenOf, FROM_SOURCE, loopingModel, temporaryFolder, tinyDataset } from "@seg/testing/node";
import { describe, expect, it, onTestFinished } from "vitest";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
const unless = process.platform === "linux" ? "" : " (skipped: not Linux)";

/** Starts `seg test` with a model that computes without end, and waits until it does; with the process that holds the model. */
async function started() {
  const folder = temporaryFolder();
  const { images } = await tinyDataset(folder);
  const [model, result] = [join(folder, "model.onnx"), join(folder, "out")];
  writeFileSync(model, loopingModel(2n ** 62n));
  const words = ["test", images[0]!, "--weights-onnx", model, "--num-class", "3", "--result", result];
  const child = spawn(process.execPath, [...FROM_SOURCE, BIN, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = once(child, "close");
  while (!stderr.includes("Engine onnxruntime")) await setTimeout(50);
  await setTimeout(500);
  return { child, ended, result, said: () => stderr, holders: childrenOf(child.pid!) };
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}/exe`);

describe.skipIf(unless)(`A model that computes without end${unless}`, () => {
  it("is ended by one Ctrl-C, and leaves no folder", async () => {
    const { child, ended, result, said, holders } = await started();
    expect(holders).toHaveLength(1);
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
    expect(said()).toMatch(/error: interrupted\n$/);
    expect(existsSync(result)).toBe(false);
    while (isAlive(holders[0]!)) await setTimeout(50);
  });

  it("ends with the command that was killed", async () => {
    const { child, ended, holders } = await started();
    child.kill("SIGKILL");
    await ended;
    while (isAlive(holders[0]!)) await setTimeout(50);
  });
});
