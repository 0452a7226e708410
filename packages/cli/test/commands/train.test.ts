import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { sizeOf, type TinyDataset, temporaryFolder, tinyDataset, writeLabel } from "@seg/testing/node";
import { beforeEach, describe, expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

let folder: string;
let data: TinyDataset;
beforeEach(async () => {
  folder = temporaryFolder();
  data = await tinyDataset(folder);
});

const CONFIG = ["--cfg", "mobilenetv2dilated-c1_deepsup", "--num-class", "2"];
const seg = (...words: string[]) =>
  runSeg(["train", ...CONFIG, "--list-train", data.list, ...words], { env: { XDG_CACHE_HOME: join(folder, "cache") } });

describe("seg train --check", () => {
  const check = (...words: string[]) => seg("--check", ...words);

  it("finds nothing wrong with a good data set", async () => {
    expect(await check()).toEqual({ code: 0, stdout: `${data.list}: 4 photos and labels, 0 problems\n`, stderr: "" });
  });

  it("names the file and the value of each wrong label, and ends with 1", async () => {
    for (const i of [1, 3]) {
      const { width, height } = sizeOf(i);
      await writeLabel(data.labels[i]!, new Uint8Array(width * height).fill(7 + i), width);
    }
    const { code, stdout } = await check();
    expect(code).toBe(1);
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toContain(data.labels[1]);
    expect(lines[0]).toContain("received 8");
    expect(lines[1]).toContain(data.labels[3]);
    expect(lines[1]).toContain("received 10");
    expect(lines[2]).toBe(`${data.list}: 4 photos and labels, 2 problems`);
  });

  it("looks at the validation list too, and tells in JSON", async () => {
    const val = await tinyDataset(folder, { name: "val", photos: 2 });
    const { code, stdout } = await check("--list-val", val.list, "--json");
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { list: data.list, checked: 4, problemCount: 0, problems: [] },
      { list: val.list, checked: 2, problemCount: 0, problems: [] },
    ]);
    expect(await check("--list-val", "/nowhere/val.odgt")).toMatchObject({ code: 3 });
  });
});

describe("seg train", () => {
  it("says how to go on where ImageNet's weights cannot be had", async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((listening) => server.listen(0, listening));
    const mirror = `http://localhost:${(server.address() as AddressInfo).port}`;
    try {
      const { code, stderr } = await seg("--mirror", mirror, "DIR", join(folder, "run"));
      expect(code).toBe(3);
      expect(stderr.trim().split("\n").at(-1)).toMatch(
        /^error: Expected ImageNet weights for mobilenetv2dilated .*mobilenet_v2\.pth\.tar.*--weights-encoder.*--from-scratch\.$/,
      );
      expect(stderr).toContain(`${mirror}/pretrained_resnet/mobilenet_v2.pth.tar`);
    } finally {
      server.close();
    }
  });

  it.each([
    ["a list that is not there", ["--list-train", "/nowhere/train.odgt"], 3, /\/nowhere\/train\.odgt/],
    ["weights that are not there", ["--weights-encoder", "/nowhere/encoder.pth"], 3, /\/nowhere\/encoder\.pth/],
    [
      "a GPU too few",
      ["--gpus", "0,1", "--replicas", "3"],
      2,
      /Expected a GPU for each of 3 replicas but received 2: leave --replicas out\./,
    ],
    ["GPUs for another engine", ["--gpus", "0", "--backend", "wasm"], 2, /--gpus .* wasm/],
    ["a number of replicas that is none", ["--replicas", "0"], 2, /--replicas/],
    ["replicas on WebGPU", ["--replicas", "2", "--backend", "webgpu"], 2, /one replica with --backend webgpu.* 2: /],
    ["a misspelled key", ["TRAIN.lr_encodr", "0.1"], 2, /did you mean TRAIN\.lr_encoder\?/],
    ["a value that makes no sense", ["TRAIN.accumulate", "0"], 2, /TRAIN\.accumulate/],
  ])("refuses %s in one line", async (_what, words, expected, message) => {
    const { code, stderr } = await seg("--from-scratch", "DIR", join(folder, "run"), ...words);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
