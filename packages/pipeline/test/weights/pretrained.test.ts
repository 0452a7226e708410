import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileServer, serve, temporaryFolder, tinyWeights } from "@seg/testing/node";
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
    writeFileSync(file, tinyWeights());
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

it("a file of ImageNet weights that does not open is fetched anew once", async () => {
  const cache = temporaryFolder();
  const folder = join(cache, "seg/weights/imagenet");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "resnet18-imagenet.pth");
  writeFileSync(file, "rubbish");
  const { address, requests } = await fileServer(serve(tinyWeights()));
  const env = { XDG_CACHE_HOME: cache, SEG_MIRROR: `${address}/model/pytorch` };
  for (let time = 0; time < 2; time++) expect(await pretrained("resnet18", { env })).toEqual({ encoder: file });
  expect(readFileSync(file).equals(tinyWeights())).toBe(true);
  expect(requests).toEqual([{ url: "/model/pretrained_resnet/resnet18-imagenet.pth" }]);
});

it("an address in the place of a file is refused, without what is secret in it", async () => {
  const set = ["MODEL.weights_encoder=https://ann:secret@host.example/a.pth?token=secret"];
  const error = await pretrained("resnet18", { set }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "missing", data: { url: "https://host.example/a.pth?…" } });
  expect(error.message).toMatch(/address https:\/\/host\.example\/a\.pth\?…: download it/);
});
