import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { listedRecords } from "../../src/dataset/records.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { createSegmenter } from "../../src/segment/segmenter.ts";
import { checkNamedFolder } from "../../src/weights/named-folder.ts";

describe("A folder that was named", () => {
  it("is missed before anything in it is", async () => {
    const env = { XDG_CACHE_HOME: temporaryFolder() };
    const absent = join(temporaryFolder(), "nonexist");
    for (const run of [evaluate, createSegmenter]) {
      await expect(run({ folder: absent, env })).rejects.toMatchObject({
        code: "missing",
        data: { key: "DIR", folder: absent },
        message: expect.stringContaining(`but there is no folder ${absent}: `),
      });
    }
    const empty = temporaryFolder({ "config.yaml": "" });
    await expect(createSegmenter({ folder: empty, env })).rejects.toThrow(`but ${empty} holds no checkpoint: `);
    const file = join(temporaryFolder({ file: "" }), "file");
    await expect(createSegmenter({ folder: file, env })).rejects.toThrow(`but ${file} is no folder: `);
  });

  it("is looked at without a home to keep a cache in", () => {
    const env = { HOME: "relative" };
    const check = (dir: string) => checkNamedFolder(loadConfig({ set: [`DIR=${dir}`], fromFolder: false }), { env });
    check(temporaryFolder({ "encoder_epoch_1.pth": "" }));
    expect(() => check("nonexist")).toThrow("there is no folder nonexist");
  });

  it("need not be there where the weights come from elsewhere: other files, the cache, a server", () => {
    const env = { XDG_CACHE_HOME: temporaryFolder() };
    const check = (set: string[], more: object = {}) =>
      checkNamedFolder(loadConfig({ set, fromFolder: false }), { env, ...more });
    check([]);
    check(["DIR=nonexist", "MODEL.weights_encoder=a", "MODEL.weights_decoder=b"]);
    check(["DIR=nonexist/ade20k-resnet18dilated-c1_deepsup"]);
    check(["DIR=nonexist"], { mirror: "http://127.0.0.1:9" });
    mkdirSync(join(env.XDG_CACHE_HOME, "seg", "weights", "kept"), { recursive: true });
    check(["DIR=ckpt/kept"]);
    expect(() => check(["DIR=nonexist"])).toThrow("there is no folder nonexist");
  });
});

it("A training that set no photos aside is told as one, not as a list that is missing", async () => {
  const folder = temporaryFolder();
  const { config } = loadConfig({ set: [`DIR=${folder}`, `DATASET.list_val=${folder}/list_val.odgt`] });
  await expect(listedRecords(config, "val")).rejects.toMatchObject({
    code: "missing",
    message: `Expected photos to score on but the training in ${folder} set none aside: name folders by --images and --labels, or a list by --list-val.`,
  });
});
