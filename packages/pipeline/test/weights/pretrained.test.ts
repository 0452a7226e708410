import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@seg/testing/node";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { findPretrained } from "../../src/weights/pretrained.ts";

function pretrained(encoder: string, { env = {}, fromScratch = false, set = [] as string[] } = {}) {
  const { config } = loadConfig({ set: ["MODEL.arch_decoder=c1", ...set] });
  const { MODEL } = config;
  return findPretrained({ ...config, MODEL: { ...MODEL, arch_encoder: encoder as never } }, { env, fromScratch });
}

it.each(["resnet50", "resnet50dilated"])(
  "%s begins with the same file of ImageNet weights, dilated or not",
  async (name) => {
    const cache = temporaryFolder();
    const folder = join(cache, "seg/weights/imagenet");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "resnet50-imagenet.pth");
    writeFileSync(file, "");
    expect(await pretrained(name, { env: { XDG_CACHE_HOME: cache } })).toEqual({ encoder: file });
  },
);

it("an encoder without ImageNet weights begins with a file of one's own, or at random if so asked", async () => {
  await expect(pretrained("resnet9dilated")).rejects.toMatchObject({
    code: "missing",
    message:
      "Expected ImageNet weights for resnet9dilated but the original has none: name a file by --weights-encoder, or begin with random weights by --from-scratch.",
  });
  expect(await pretrained("resnet9dilated", { fromScratch: true })).toEqual({});
  const folder = temporaryFolder({ "mine.pth": "" });
  const set = [`MODEL.weights_encoder=${join(folder, "mine.pth")}`];
  expect(await pretrained("resnet9dilated", { set })).toEqual({ encoder: join(folder, "mine.pth") });
});
