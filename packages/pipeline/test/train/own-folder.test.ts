import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkFromSource, PAIR, type TinyDataset, temporaryFolder, tinyDataset, tinySettings } from "@seg/testing/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { train } from "../../src/train/train.ts";

let folder: string;
let data: TinyDataset;
beforeAll(async () => {
  forkFromSource();
  folder = mkdtempSync(join(tmpdir(), "seg-"));
  data = await tinyDataset(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains three epochs; after the first epoch's checkpoint, or the first step, something happens. */
async function disturbed(dir: string, at: "checkpoint" | "iteration", happens: () => void): Promise<Error> {
  const set = { ...tinySettings(data.list, dir), "TRAIN.workers": 0, "TRAIN.num_epoch": 3, "TRAIN.epoch_iters": 2 };
  let done = false;
  const onProgress = ({ type }: { type: string }) => {
    if (done || type !== at) return;
    done = true;
    happens();
  };
  return train({ config: PAIR, backend: "wasm", fromScratch: true, set, onProgress }).then(
    () => expect.fail("it went on"),
    (error) => error,
  );
}

describe("A training whose folder", () => {
  it("is moved away ends with a line at its next save, and makes none anew", async () => {
    const dir = join(temporaryFolder(), "run");
    const error = await disturbed(dir, "checkpoint", () => renameSync(dir, `${dir}-moved`));
    expect(error).toMatchObject({ code: "failed", message: expect.stringContaining("moved, replaced or deleted") });
    expect(existsSync(dir)).toBe(false);
    expect(readdirSync(`${dir}-moved`)).toEqual(expect.arrayContaining(["config.yaml", "encoder_epoch_1.pth"]));
    expect(readdirSync(`${dir}-moved`).filter((name) => name.includes("epoch_2"))).toEqual([]);
  });

  it("is replaced leaves nothing in the stranger's", async () => {
    const dir = join(temporaryFolder(), "run");
    const error = await disturbed(dir, "iteration", () => {
      renameSync(dir, `${dir}-moved`);
      mkdirSync(dir);
      writeFileSync(join(dir, "theirs"), "");
    });
    expect(error).toMatchObject({ code: "failed", data: { key: "DIR", folder: dir } });
    expect(readdirSync(dir)).toEqual(["theirs"]);
  });

  it("is deleted makes none anew", async () => {
    const dir = join(temporaryFolder(), "run");
    const error = await disturbed(dir, "iteration", () => rmSync(dir, { recursive: true }));
    expect(error.message).toContain("moved, replaced or deleted");
    expect(existsSync(dir)).toBe(false);
  });
});

describe("What a training that ended early leaves in stopped.txt", () => {
  it("promises a checkpoint only where there is one", async () => {
    const told = async (at: "checkpoint" | "iteration") => {
      const dir = join(temporaryFolder(), "run");
      await disturbed(dir, at, () => {
        throw new Error("enough");
      });
      return readFileSync(join(dir, "stopped.txt"), "utf8");
    };
    expect(await told("iteration")).toMatch(
      / The training ended early: enough\. It left no checkpoint: --resume begins where it began\.\n$/,
    );
    expect(await told("checkpoint")).toMatch(/ enough\. By --resume it goes on from its last checkpoint, epoch_1\.\n$/);
  });
});
