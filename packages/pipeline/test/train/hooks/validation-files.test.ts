import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { copyBest } from "../../../src/train/hooks/validation-files.ts";

it("copies both networks of the best epoch, or leaves the best before as it was", async () => {
  const folder = temporaryFolder({
    "encoder_epoch_1.pth": "encoder 1",
    "decoder_epoch_1.pth": "decoder 1",
    "encoder_epoch_2.pth": "encoder 2",
    "decoder_epoch_2.pth": "decoder 2",
    "encoder_epoch_3.pth": "encoder 3",
    "decoder_epoch_4.pth": "decoder 4",
  });
  const best = () => ["encoder", "decoder"].map((half) => readFileSync(join(folder, `${half}_best.pth`), "utf8"));
  await copyBest(folder, 1);
  await copyBest(folder, 2);
  expect(best()).toEqual(["encoder 2", "decoder 2"]);
  for (const [epoch, lost] of [
    [3, "decoder_epoch_3.pth"],
    [4, "encoder_epoch_4.pth"],
  ] as const) {
    const cause = { code: "ENOENT", path: join(folder, lost) };
    await expect(copyBest(folder, epoch)).rejects.toMatchObject({ code: "unwritable", cause });
    expect(best()).toEqual(["encoder 2", "decoder 2"]);
  }
  expect(readdirSync(folder).filter((file) => file.endsWith(".tmp"))).toEqual([]);
});
