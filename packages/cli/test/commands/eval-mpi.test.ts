import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEMO_MODEL } from "@seg/pipeline/config";
import { temporaryFolder, tinyDataset } from "@seg/testing/node";
import { expect, it } from "vitest";
import { hasMpirun, segProcess, unlessMpirun } from "../mpirun.ts";

it.skipIf(!hasMpirun)(`Ranks of mpirun score a share each, and one tells what all counted${unlessMpirun}`, async () => {
  const folder = temporaryFolder();
  const { list } = await tinyDataset(folder, { photos: 5 });
  const score = (result: string, ranks: number) => {
    const flags = [
      "--list-val",
      list,
      "--backend",
      "wasm",
      "--sizes",
      "48",
      "--json",
      "--result",
      join(folder, result),
    ];
    const { DIR, "VAL.checkpoint": checkpoint } = DEMO_MODEL.set;
    const words = ["eval", "--cfg", DEMO_MODEL.config, ...flags, "DIR", DIR, "VAL.checkpoint", checkpoint];
    const end = segProcess(words, ranks);
    expect(end).toMatchObject({ code: 0 });
    expect(JSON.parse(end.stdout)).toEqual(JSON.parse(readFileSync(join(folder, result, "evaluation.json"), "utf8")));
    return JSON.parse(end.stdout);
  };
  const alone = score("alone", 0);
  const together = score("together", 3);
  expect(together).toMatchObject({ partial: false, images: 5, total: 5, workers: 3, engine: "wasm" });
  for (const part of ["confusion", "perImage", "meanIou", "pixelAccuracy"]) expect(together[part]).toEqual(alone[part]);
});
