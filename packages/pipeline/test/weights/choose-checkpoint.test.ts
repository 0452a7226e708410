import { utimesSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { locateWeights } from "../../src/weights/locate.ts";

const OURS = "# What this folder was trained with, for `seg test --id` and its like. Written by seg train.\n";
const pair = (...names: string[]) =>
  Object.fromEntries(names.flatMap((name) => [`encoder_${name}`, `decoder_${name}`]).map((file) => [file, ""]));

/** The name of the encoder that is taken from a folder of these files. */
async function taken(
  files: Record<string, string>,
  { cfg, pairs = [] as string[] }: { cfg?: string; pairs?: string[] } = {},
) {
  const folder = temporaryFolder(files);
  for (const [i, file] of Object.keys(files).entries()) utimesSync(join(folder, file), i, i);
  const lines: string[] = [];
  const resolved = loadConfig({ ...(cfg && { cfg }), pairs: ["DIR", folder, ...pairs] });
  const { encoder } = await locateWeights(resolved, {
    env: { XDG_CACHE_HOME: temporaryFolder() },
    log: (line) => lines.push(line),
  });
  return { file: encoder.slice(folder.length + 1), lines, folder };
}

it("takes the best, else the furthest that is whole, and says so", async () => {
  const trained = {
    "config.yaml": OURS,
    ...pair("epoch_9.pth", "epoch_10.pth", "epoch_10_iter_5.pth"),
    "encoder_epoch_11.pth": "",
  };
  const { lines, folder } = await taken(trained);
  expect(lines).toEqual([`Taking epoch_10_iter_5 of ${folder}, the newest; set TEST.checkpoint for another.`]);
  expect(await taken({ ...trained, ...pair("best.pth") })).toMatchObject({ file: "encoder_best.pth" });
  expect(await taken(pair("last.safetensors", "first.pth"))).toMatchObject({ file: "encoder_first.pth" });
});

it("takes the one that is named, by a pair, by --cfg, or by the original's own config.yaml", async () => {
  const files = { "config.yaml": OURS, ...pair("best.pth", "epoch_1.pth", "epoch_20.pth") };
  expect(await taken(files, { pairs: ["TEST.checkpoint", "epoch_1.pth"] })).toMatchObject({
    file: "encoder_epoch_1.pth",
  });
  expect(await taken(files, { cfg: "resnet18dilated-c1_deepsup" })).toMatchObject({ file: "encoder_epoch_20.pth" });
  const theirs = { ...files, "config.yaml": "TEST:\n  checkpoint: epoch_1.pth\n" };
  expect(await taken(theirs)).toMatchObject({ file: "encoder_epoch_1.pth", lines: [] });
});

it("takes the default where it lies in a folder that says nothing of itself", async () => {
  expect(await taken(pair("epoch_20.pth", "epoch_25.pth"))).toMatchObject({ file: "encoder_epoch_20.pth", lines: [] });
  expect(await taken(pair("epoch_3.pth", "epoch_25.pth"))).toMatchObject({ file: "encoder_epoch_25.pth" });
});
