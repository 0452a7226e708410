import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder, tinyDataset, trainWords } from "@seg/testing/node";
import { expect, it } from "vitest";
import { hasMpirun, segProcess, unlessMpirun } from "../mpirun.ts";

it.skipIf(!hasMpirun)(`A training ends with the same bytes under mpirun as in threads${unlessMpirun}`, async () => {
  const folder = temporaryFolder();
  const { list } = await tinyDataset(folder);
  const seg = (dir: string, flags: string[], ranks = 0) => {
    const end = segProcess(trainWords(list, join(folder, dir), flags, { "TRAIN.epoch_iters": 1 }), ranks);
    expect(end).toMatchObject({ code: 0 });
    const weights = ["encoder", "decoder"].map((part) =>
      readFileSync(join(folder, dir, `${part}_epoch_2.pth`)).toString("base64"),
    );
    return { ...end, weights };
  };
  const threads = seg("threads", ["--replicas", "2"]);
  const ranks = seg("ranks", ["--distributed", "mpi"], 2);
  expect(ranks.stdout.trim().split("\n")).toHaveLength(2);
  expect(ranks.weights).toEqual(threads.weights);
});
