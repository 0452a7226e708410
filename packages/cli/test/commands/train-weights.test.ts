import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DEMO_MODEL } from "@seg/pipeline/config";
import { type TinyDataset, temporaryFolder, tinyDataset, trainWords } from "@seg/testing/node";
import { beforeEach, describe, expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

const DEMO = (half: string) => join(DEMO_MODEL.set.DIR, `${half}_epoch_1.safetensors`);
const WEIGHTS = ["--weights-encoder", DEMO("encoder"), "--weights-decoder", DEMO("decoder")];

describe("seg train from weights of 150 classes", () => {
  let data: TinyDataset;
  beforeEach(async () => {
    data = await tinyDataset(temporaryFolder());
  });

  const train = (dir: string, ...flags: string[]) =>
    runSeg(
      trainWords(data.list, dir, [...WEIGHTS, ...flags], {
        "TRAIN.num_epoch": 1,
        "TRAIN.epoch_iters": 1,
        "TRAIN.workers": 0,
      }),
    );

  it("takes all but the last layers, named in one line on stderr", async () => {
    const dir = join(temporaryFolder(), "run");
    const { code, stderr } = await train(dir);
    expect(stderr.split("\n").filter((line) => line.includes("anew"))).toEqual([
      expect.stringMatching(
        /decoder_epoch_1\.safetensors: 10 weights loaded; begun anew: conv_last, conv_last_deepsup \(150 outputs there, 2 here\)/,
      ),
    ]);
    expect(code).toBe(0);
    expect(readdirSync(dir)).toContain("decoder_epoch_1.pth");
  });

  it("refuses them with --strict, and leaves no checkpoint", async () => {
    const dir = join(temporaryFolder(), "run");
    const { code, stderr } = await train(dir, "--strict");
    expect(stderr).toMatch(/error: [^\n]*the weights are for 150; [^\n]*leave TRAIN\.strict \(--strict\) out[^\n]*\n$/);
    expect(code).toBe(1);
    expect(readdirSync(dir).filter((file) => file.endsWith(".pth"))).toEqual([]);
  });

  it("begins another decoder as far as they fit with --no-strict, and names that flag where it is needed", async () => {
    const other = ["--arch-decoder", "ppm_deepsup"];
    const dir = join(temporaryFolder(), "run");
    const refused = await train(dir, ...other);
    expect(refused.stderr).toMatch(/error: [^\n]*load what fits by --no-strict \(TRAIN\.strict False\)\.\n$/);
    const { code, stderr } = await train(dir, ...other, "--no-strict", "TRAIN.fix_bn", "True");
    expect(stderr).toMatch(
      /begun anew: conv_last_deepsup \(150 outputs there, 2 here\), ppm\.0\.1, [^\n]*; passed over: cbr, conv_last/,
    );
    expect(code).toBe(0);
  });
});
