import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shared, unlessShared } from "@seg/testing";
import { forkFromSource, temporaryFolder } from "@seg/testing/node";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

const camvid = shared("data/camvid");
const checkpoints = shared("data/checkpoints");
const absent = camvid && checkpoints ? undefined : "the folder shared is absent";
const CHECKPOINT = "camvid-mobilenetv2dilated-c1_deepsup";

let result: string;
beforeAll(forkFromSource);
beforeEach(() => {
  result = join(temporaryFolder(), "result");
});

describe.skipIf(absent)(`seg eval on CamVid${unlessShared}`, () => {
  const data = ["--list-val", `${camvid}/val.odgt`, "--num-class", "11", "DATASET.classes", `${camvid}/classes.json`];
  const small = ["--sizes", "64", "--num-val", "2", "--backend", "wasm"];

  it("prints a table of the classes and the scores, and tells where they are written", async () => {
    const network = ["--cfg", "mobilenetv2dilated-c1_deepsup", "--model-path", `${checkpoints}/${CHECKPOINT}`];
    const argv = ["eval", ...network, ...data, ...small, "--result", result, "VAL.checkpoint", "epoch_14.pth"];
    const { code, stdout, stderr } = await runSeg(argv);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Engine wasm: .*\n(.* left\n)*.* are in .*result\.\n$/)]);
    const written = JSON.parse(readFileSync(join(result, "evaluation.json"), "utf8"));
    const [head, sky, ...lines] = stdout.split("\n");
    expect(head).toMatch(/^class +name +IoU +accuracy +precision +F1 +share$/);
    const { iou, truePixels } = written.classes[0];
    expect(sky).toMatch(/^0 +sky /);
    expect(sky!.split(/ +/)[2]).toBe(iou.toFixed(4));
    expect(sky!.split(/ +/)[6]).toBe((truePixels / written.pixels).toFixed(4));
    expect(lines).toContain("2 images, short side 64; wasm, 1 worker");
    expect(lines).toContain(`mean IoU: ${written.meanIou.toFixed(4)}`);
    expect(lines).toContain(`pixel accuracy: ${written.pixelAccuracy.toFixed(4)}`);
  });

  it("takes the flags of 2018, and prints one JSON object", async () => {
    const network = ["--id", CHECKPOINT, "--ckpt", `${checkpoints}`, "--suffix", "_epoch_14.pth"];
    const pair = ["--arch_encoder", "mobilenetv2dilated", "--arch_decoder", "c1_deepsup", "--fc_dim", "320"];
    const list = ["--list_val", `${camvid}/val.odgt`, "--root_dataset", `${camvid}`, "--num_class", "11"];
    const how = ["--num_val", "1", "--imgSize", "64", "--imgMaxSize", "1000", "--padding_constant", "8"];
    const argv = ["eval", ...network, ...pair, ...list, ...how, "--backend", "wasm", "--result", result];
    const { code, stdout, stderr } = await runSeg([...argv, "--json", "--quiet"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(result, "evaluation.json"), "utf8")));
    expect(JSON.parse(stdout)).toMatchObject({ images: 1, sizes: [64], partial: false });
  });

  it("ends with 130 when it is interrupted", async () => {
    const network = ["--cfg", "mobilenetv2dilated-c1_deepsup", "--model-path", `${checkpoints}/${CHECKPOINT}`];
    const argv = ["eval", ...network, ...data, ...small, "--result", result, "VAL.checkpoint", "epoch_14.pth"];
    const { code, stderr } = await runSeg(argv, { signal: AbortSignal.abort() });
    expect([code, stderr]).toEqual([130, "error: interrupted\n"]);
  });
});

it.each([
  [["--workers", "0"], 2, 'Expected a number of at least 1 for --workers but received "0".'],
  [["--gpus", "x"], 2, 'Expected numbers of GPUs such as 0 or 0-3,6 for --gpus but received "x".'],
  [
    ["--gpus", "0", "--backend", "wasm"],
    2,
    "Expected --backend tensorflow-gpu with --gpus but received wasm: leave one of the two out.",
  ],
  [["--images", "photos"], 2, "Expected two folders but received only --images: name the other one by --labels."],
  [["--num-val", "0"], 2, 'Expected a number of photos, or -1 for all, for --num-val but received "0".'],
  [
    ["--id", "nonexist"],
    3,
    "Expected a folder with a checkpoint (DIR) but there is no folder ckpt/nonexist: name the folder that a training left by --id or --model-path.",
  ],
  [
    ["--list-val", "/nowhere/val.odgt"],
    3,
    "Expected a list of photos and labels in /nowhere/val.odgt but there is none: name one by --list-val, folders by --images and --labels, or get ADE20K by `seg download ade20k`.",
  ],
])("refuses %j with exit code %i before anything is downloaded", async (flags, code, line) => {
  expect(await runSeg(["eval", ...flags])).toEqual({ code, stdout: "", stderr: `error: ${line}\n` });
});
