import { readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

it("segments the bundled photo with the bundled model and says where the picture is", async () => {
  const folder = temporaryFolder();
  const { code, stdout, stderr } = await runSeg(["demo", "--result", folder, "--backend", "wasm"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Engine wasm") });
  // A pagoda between trees under a wide sky.
  expect(stdout).toMatch(/^Predictions in \[.*china\.jpg\]:\n {2}sky: 4\d\.\d\d%\n {2}tree: /);
  expect(stdout.trim().split("\n").at(-1)).toBe(`The picture is ${join(folder, "china_overlay.png")}.`);
  expect(readdirSync(folder).sort()).toEqual(["china_labels.png", "china_legend.png", "china_overlay.png"]);
});
