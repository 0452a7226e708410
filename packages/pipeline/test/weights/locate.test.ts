import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileServer, loginPage, serve, status, temporaryFolder } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { locateModel, locateWeights } from "../../src/weights/locate.ts";

const PICKLE = Uint8Array.of(0x80, 2, 1, 2, 3);
const NAME = "ade20k-mobilenetv2dilated-c1_deepsup";

/** Looks for the weights with a cache and a server of the test's own. */
function locate(
  pairs: string[],
  { cache = temporaryFolder(), mirror = "http://127.0.0.1:9", set = [] as string[] } = {},
) {
  const lines: string[] = [];
  const urls = new Set<string>();
  const resolved = loadConfig({ cfg: "mobilenetv2dilated-c1_deepsup", pairs, set });
  const env = { XDG_CACHE_HOME: cache, SEG_MIRROR: mirror };
  const files = locateWeights(resolved, {
    ...{ env, backoff: 1 },
    log: (line) => lines.push(line),
    onProgress: (event) => event.type === "download" && urls.add(event.url),
  });
  return files.then((found) => ({ ...found, lines, urls: [...urls] }));
}

describe("in the folder DIR", () => {
  it.each([
    ["epoch_14.pth", "encoder_epoch_14.pth", "decoder_epoch_14.pth"],
    ["epoch_14.pth", "encoder_epoch_14.zip.pth", "decoder_epoch_14.safetensors"],
    ["epoch_14.safetensors", "encoder_epoch_14.pth", "decoder_epoch_14.safetensors"],
    ["epoch_14.zip.pth", "encoder_epoch_14.zip.pth", "decoder_epoch_14.zip.pth"],
    ["epoch_14", "encoder_epoch_14.pth", "decoder_epoch_14.pth"],
  ])("%s is found as %s and %s", async (checkpoint, encoder, decoder) => {
    const folder = temporaryFolder({ [encoder]: "", [decoder]: "" });
    const found = await locate(["DIR", folder, "TEST.checkpoint", checkpoint]);
    expect(found).toMatchObject({ encoder: join(folder, encoder), decoder: join(folder, decoder) });
  });

  it("the name itself goes before its other formats", async () => {
    const names = ["encoder_epoch_1.zip.pth", "encoder_epoch_1.pth", "decoder_epoch_1.zip.pth", "decoder_epoch_1.pth"];
    const folder = temporaryFolder(Object.fromEntries(names.map((name) => [name, ""])));
    expect((await locate(["DIR", folder, "TEST.checkpoint", "epoch_1.zip.pth"])).encoder).toMatch(/_1\.zip\.pth$/);
    expect((await locate(["DIR", folder, "TEST.checkpoint", "epoch_1.pth"])).encoder).toMatch(/_1\.pth$/);
  });

  it("half a checkpoint is not completed from elsewhere", async () => {
    const folder = temporaryFolder({ "encoder_epoch_20.pth": "" });
    await expect(locate(["DIR", folder])).rejects.toMatchObject({
      code: "missing",
      data: { key: "TEST.checkpoint", received: "epoch_20.pth", file: join(folder, "decoder_epoch_20.pth") },
    });
  });

  it("other checkpoints are named when the wanted one is not there", async () => {
    const folder = temporaryFolder({ "encoder_epoch_3.pth": "", "encoder_epoch_5.safetensors": "" });
    await expect(locate(["DIR", folder], { mirror: "" })).rejects.toMatchObject({
      code: "missing",
      data: {
        key: "TEST.checkpoint",
        file: join(folder, "encoder_epoch_20.pth"),
        files: ["epoch_3.pth", "epoch_5.safetensors"],
      },
      message: expect.stringContaining("set TEST.checkpoint to one that is there (epoch_3.pth, epoch_5.safetensors)"),
    });
  });
});

describe("files named on the command line", () => {
  it("are taken as they are", async () => {
    const folder = temporaryFolder({ a: "", b: "" });
    const set = [`MODEL.weights_encoder=${folder}/a`, `MODEL.weights_decoder=${folder}/b`];
    expect(await locate([], { set })).toMatchObject({ encoder: `${folder}/a`, decoder: `${folder}/b` });
  });

  it("must be two, and must be there", async () => {
    await expect(locate([], { set: ["MODEL.weights_encoder=a"] })).rejects.toMatchObject({
      code: "option",
      data: { key: "MODEL.weights_decoder" },
    });
    await expect(locate([], { set: ["MODEL.weights_encoder=a", "MODEL.weights_decoder=b"] })).rejects.toMatchObject({
      code: "missing",
      data: { file: "a" },
    });
  });
});

describe("on a server", () => {
  it("they are downloaded once, into the cache", async () => {
    const { address, requests } = await fileServer(serve(PICKLE));
    const cache = temporaryFolder();
    const first = await locate([], { cache, mirror: `${address}/model/` });
    expect(first.encoder).toBe(join(cache, "seg/weights", NAME, "encoder_epoch_20.pth"));
    expect(new Uint8Array(readFileSync(first.decoder))).toEqual(PICKLE);
    expect(requests.map(({ url }) => url)).toEqual([
      `/model/${NAME}/encoder_epoch_20.pth`,
      `/model/${NAME}/decoder_epoch_20.pth`,
    ]);
    expect(first.urls).toContain(`${address}/model/${NAME}/encoder_epoch_20.pth`);
    expect(await locate([], { cache, mirror: address })).toEqual({ ...first, lines: [], urls: [] });
    expect(requests).toHaveLength(2);
  });

  it("they are downloaded again when the cached file has changed since", async () => {
    const { address, requests } = await fileServer(serve(PICKLE));
    const cache = temporaryFolder();
    const { encoder } = await locate([], { cache, mirror: address });
    writeFileSync(encoder, "spoiled");
    const { lines } = await locate([], { cache, mirror: address });
    expect(lines).toContainEqual(expect.stringContaining("is not what it was when it was first used"));
    expect(new Uint8Array(readFileSync(encoder))).toEqual(PICKLE);
    expect(requests).toHaveLength(3);
  });

  it("a file that was put into the cache by hand is used", async () => {
    const cache = temporaryFolder();
    const folder = join(cache, "seg/weights", NAME);
    mkdirSync(folder, { recursive: true });
    for (const half of ["encoder", "decoder"]) writeFileSync(join(folder, `${half}_epoch_20.pth`), PICKLE);
    expect((await locate([], { cache })).encoder).toBe(join(folder, "encoder_epoch_20.pth"));
  });

  it.each([
    ["is not there", status(404), "the server answered 404 Not Found"],
    ["is a login page", loginPage(), "a web page came instead of the file"],
    ["is something else", serve(new TextEncoder().encode("hello")), "neither a PyTorch file nor safetensors"],
  ])("what %s is missing: its name, places, address and the way out are told", async (_what, answer, reason) => {
    const { address } = await fileServer(answer);
    const cache = temporaryFolder();
    const error = await locate([], { cache, mirror: address }).catch((thrown) => thrown);
    const inCache = join(cache, "seg/weights", NAME);
    const file = join(inCache, "encoder_epoch_20.pth");
    const url = `${address}/${NAME}/encoder_epoch_20.pth`;
    expect(error).toMatchObject({
      name: "PipelineError",
      code: "missing",
      data: { file, url, reason: expect.stringContaining(reason) },
      cause: { code: "download", data: { file, url } },
    });
    for (const part of [`ckpt/${NAME}`, inCache, url, reason, `put the file into ${inCache} yourself`]) {
      expect(error.message).toContain(part);
    }
    expect(existsSync(file)).toBe(false);
  });

  it("an address that is none is a wrong usage", async () => {
    await expect(locate([], { mirror: "ftp://host/x" })).rejects.toMatchObject({
      code: "option",
      data: { option: "SEG_MIRROR", received: "ftp://host/x" },
    });
  });

  it("the names of the user's own folders are not asked for", async () => {
    await expect(locate(["DIR", "ckpt/my-secret"], { mirror: "" })).rejects.toMatchObject({
      code: "missing",
      data: { key: "DIR", folder: "ckpt/my-secret" },
    });
  });
});

describe("a whole model as ONNX", () => {
  const find = (set: Record<string, string>) =>
    locateModel(
      loadConfig({
        cfg: "mobilenetv2dilated-c1_deepsup",
        flags: Object.entries(set).map(([key, value]) => ({ key, value, origin: "--set", explicit: true })),
      }),
      { env: { XDG_CACHE_HOME: temporaryFolder() } },
    );

  it("is what is tested where one is named", async () => {
    const file = join(temporaryFolder({ "model.onnx": "" }), "model.onnx");
    expect(await find({ "MODEL.weights_onnx": file })).toEqual({ onnx: file });
  });

  it("is refused beside other weights or another network, and as an empty name", async () => {
    const file = join(temporaryFolder({ "model.onnx": "" }), "model.onnx");
    for (const key of ["MODEL.weights_encoder", "MODEL.arch_encoder"]) {
      const value = key === "MODEL.arch_encoder" ? "mobilenetv2dilated" : "a.pth";
      const found = find({ "MODEL.weights_onnx": file, [key]: value });
      await expect(found).rejects.toMatchObject({ code: "option", data: { key } });
    }
    await expect(find({ "MODEL.weights_onnx": "" })).rejects.toMatchObject({ code: "option" });
  });

  it("is missing where there is no file, or no regular one", async () => {
    const folder = temporaryFolder();
    for (const path of [join(folder, "none.onnx"), folder]) {
      await expect(find({ "MODEL.weights_onnx": path })).rejects.toMatchObject({
        code: "missing",
        data: { file: path },
      });
    }
  });
});
