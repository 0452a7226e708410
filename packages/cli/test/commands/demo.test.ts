import { readdirSync } from "node:fs";
import { join } from "node:path";
import { decodeImage } from "@seg/ade20k-data";
import { DEMO_PHOTO } from "@seg/pipeline/config";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

it("segments the bundled photo with the bundled model and says where the picture is", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await runSeg(["demo", "--result", folder, "--backend", "wasm"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Engine wasm") });
  // A pagoda between trees under a wide sky.
  expect(stdout).toMatch(/^Predictions in \[.*china\.jpg\]:\n {2}sky: 4\d\.\d\d%\n {2}tree: /);
  const picture = join(folder, "china_overlay.png");
  expect(stdout.trim().split("\n").at(-1)).toBe(`The picture, with its legend, is ${picture}.`);
  expect(readdirSync(folder).sort()).toEqual(["china_labels.png", "china_overlay.png"]);
  expect((await decodeImage(picture)).width).toBeGreaterThan((await decodeImage(DEMO_PHOTO)).width + 100);
});
