import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readLabel } from "@seg/ade20k-data";
import { shared, unlessShared } from "@seg/testing";
import { temporaryFolder } from "@seg/testing/node";
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { runSeg } from "./run-seg.ts";

const camvid = shared("data/camvid");
const checkpoint = shared("data/checkpoints/camvid-mobilenetv2dilated-c1_deepsup");
const absent = !camvid || !checkpoint;
const PHOTO = "0016E5_07959";

let out: string;
beforeEach(() => {
  out = temporaryFolder();
});

const seg = (...words: string[]) =>
  runSeg(["test", "--cfg", "mobilenetv2dilated-c1_deepsup", "--backend", "wasm", "--quiet", "--result", out, ...words]);

describe.skipIf(absent)(`seg test on CamVid${unlessShared}`, () => {
  const photo = `${camvid}/images/val/${PHOTO}.jpg`;
  const settings = ["DATASET.num_class", "11", "DATASET.classes", `${camvid}/classes.json`, "DIR", `${checkpoint}`];

  it("sees the street that a person saw, with weights of either format", async () => {
    const truth = await readLabel(`${camvid}/annotations/val/${PHOTO}.png`);
    for (const name of ["epoch_14.pth", "epoch_14.zip.pth"]) {
      const { code, stdout, stderr } = await seg("--imgs", photo, ...settings, "TEST.checkpoint", name);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/ {2}building: \d+\.\d\d%\n {2}road: \d+/);
      const seen = await readLabel(join(out, `${PHOTO}_labels.png`));
      let right = 0;
      let known = 0;
      truth.labels.forEach((label, i) => {
        if (label < 0) return;
        known++;
        if (label === seen.labels[i]) right++;
      });
      // The original reached 0.86 over all photos.
      expect(right / known).toBeGreaterThan(0.85);
    }
  });

  const damaged: [string, RegExp, (bytes: Buffer) => Uint8Array][] = [
    ["is cut off", /ends|cut|truncated/i, (bytes) => bytes.subarray(0, bytes.length / 2)],
    ["is a web page", /web page/, () => Buffer.from("<!DOCTYPE html><title>Log in</title>")],
    ["calls os.system", /system/, () => Buffer.from("cposix\nsystem\n(S'true'\ntR.")],
  ];
  it.each(damaged)("tells in one line of a .pth that %s", async (_what, message, damage) => {
    const folder = temporaryFolder();
    for (const half of ["encoder", "decoder"]) {
      copyFileSync(`${checkpoint}/${half}_epoch_14.pth`, join(folder, `${half}_epoch_14.pth`));
    }
    const encoder = join(folder, "encoder_epoch_14.pth");
    const bytes = readFileSync(encoder);
    writeFileSync(join(folder, "damaged"), damage(bytes));
    const { code, stdout, stderr } = await seg(
      ...["--imgs", photo, ...settings, "--weights-encoder", join(folder, "damaged")],
      ...["--weights-decoder", join(folder, "decoder_epoch_14.pth")],
    );
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  it.each([
    ["another architecture", ["--arch_encoder", "resnet18dilated", "--fc_dim", "512"], 1],
    ["another number of classes", ["DATASET.num_class", "12", "DATASET.classes", "None"], 2],
  ])("tells in one line of weights for %s", async (_what, words, expected) => {
    const { code, stderr } = await seg("--imgs", photo, ...settings, "TEST.checkpoint", "epoch_14.pth", ...words);
    expect(stderr).toMatch(/^error: [^\n]+\.pth[: ][^\n]+\n$/);
    expect(code).toBe(expected);
  });

  it("tells in one line of a photo that is too long and thin", async () => {
    const thin = join(out, "thin.png");
    await sharp({ create: { width: 20_000, height: 1, channels: 3, background: "red" } })
      .png()
      .toFile(thin);
    const { code, stderr } = await seg("--imgs", thin, ...settings, "TEST.checkpoint", "epoch_14.pth");
    expect(stderr).toMatch(/^error: [^\n]*20000×1[^\n]*\n$/);
    expect(code).toBe(1);
  });
});
