import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileServer, loginPage, serve, status, temporaryFolder, tinyWeights } from "@seg/testing/node";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { locateModel, locateWeights } from "../../src/weights/locate.ts";

const WEIGHTS = tinyWeights();
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
    const { address, requests } = await fileServer(serve(WEIGHTS));
    const cache = temporaryFolder();
    const first = await locate([], { cache, mirror: `${address}/model/` });
    expect(first.encoder).toBe(join(cache, "seg/weights", NAME, "encoder_epoch_20.pth"));
    expect(readFileSync(first.decoder).equals(WEIGHTS)).toBe(true);
    expect(requests.map(({ url }) => url)).toEqual([
      `/model/${NAME}/encoder_epoch_20.pth`,
      `/model/${NAME}/decoder_epoch_20.pth`,
    ]);
    expect(first.urls).toContain(`${address}/model/${NAME}/encoder_epoch_20.pth`);
    expect(await locate([], { cache, mirror: address })).toEqual({ ...first, lines: [], urls: [] });
    expect(requests).toHaveLength(2);
  });

  it("they are asked for under the path of its address, before the address's query", async () => {
    const { address, requests } = await fileServer(serve(WEIGHTS));
    await locate([], { mirror: `${address}/good/?key=S#top` });
    expect(requests.map(({ url }) => url)).toEqual([
      `/good/${NAME}/encoder_epoch_20.pth?key=S`,
      `/good/${NAME}/decoder_epoch_20.pth?key=S`,
    ]);
  });

  it("they are downloaded again when the cached file has changed since", async () => {
    const { address, requests } = await fileServer(serve(WEIGHTS));
    const cache = temporaryFolder();
    const { encoder } = await locate([], { cache, mirror: address });
    writeFileSync(encoder, "spoiled");
    const { lines } = await locate([], { cache, mirror: address });
    expect(lines).toContainEqual(expect.stringContaining("is not what it was when it was first used"));
    expect(readFileSync(encoder).equals(WEIGHTS)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  it("one in the cache that does not open is downloaded again, once, and stays if there is no better one", async () => {
    const { address, requests } = await fileServer(serve(WEIGHTS), serve(WEIGHTS.subarray(0, 50)), serve(WEIGHTS));
    const cache = temporaryFolder();
    const folder = join(cache, "seg/weights", NAME);
    mkdirSync(folder, { recursive: true });
    for (const half of ["encoder", "decoder"]) writeFileSync(join(folder, `${half}_epoch_20.pth`), "<rubbish>");
    await expect(locate([], { cache, mirror: address })).rejects.toMatchObject({ code: "missing" });
    expect(requests).toHaveLength(2);
    expect(readFileSync(join(folder, "encoder_epoch_20.pth")).equals(WEIGHTS)).toBe(true);
    expect(readFileSync(join(folder, "decoder_epoch_20.pth"), "utf8")).toBe("<rubbish>");
    const { decoder, lines } = await locate([], { cache, mirror: address });
    expect(lines[0]).toMatch(/decoder_epoch_20\.pth does not open \(.*\): downloading it again/);
    expect(readFileSync(decoder).equals(WEIGHTS)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  it.each(["/proc/1", "/proc/nope", "/dev/null"])(
    "a cache that cannot be made, in %s, is told with the way out",
    async (cache) => {
      await expect(locate([], { cache })).rejects.toMatchObject({
        name: "FileError",
        code: "unwritable",
        message: expect.stringMatching(/^Expected to write \/.*: .* XDG_CACHE_HOME/),
      });
    },
  );

  it("what is secret in the server's address is told to it alone", async () => {
    const { address, requests } = await fileServer(status(403));
    const secret = address.replace("//", "//ann:pass-word@");
    const seen: unknown[] = [];
    const resolved = loadConfig({ cfg: "mobilenetv2dilated-c1_deepsup" });
    const cache = temporaryFolder();
    const error = await locateWeights(resolved, {
      mirror: `${secret}/a`,
      ...{ env: { XDG_CACHE_HOME: cache }, backoff: 1 },
      log: (line) => seen.push(line),
      onProgress: (event) => seen.push(event),
    }).catch((thrown) => thrown);
    expect(requests).toHaveLength(1);
    const said = JSON.stringify([seen, error.message, error.data, error.cause.message, error.cause.data]);
    expect(said).toContain(address);
    expect(said).not.toContain("pass-word");
    expect(readdirSync(cache, { recursive: true }).join()).not.toContain("pass-word");
    const wrong = await locate([], { mirror: "ftp://ann:pass-word@host/?token=t" }).catch((thrown) => thrown);
    expect(JSON.stringify([wrong.message, wrong.data])).not.toMatch(/pass-word|token/);
  });

  it("a limit on downloads that is no number is a wrong usage", async () => {
    const resolved = loadConfig({ cfg: "mobilenetv2dilated-c1_deepsup" });
    const env = { XDG_CACHE_HOME: temporaryFolder(), SEG_MIRROR: "http://127.0.0.1:9", SEG_DOWNLOAD_LIMIT_MB: "much" };
    await expect(locateWeights(resolved, { env })).rejects.toMatchObject({
      code: "option",
      data: { option: "SEG_DOWNLOAD_LIMIT_MB", received: "much" },
    });
  });

  it("a file that was put into the cache by hand is used", async () => {
    const cache = temporaryFolder();
    const folder = join(cache, "seg/weights", NAME);
    mkdirSync(folder, { recursive: true });
    for (const half of ["encoder", "decoder"]) writeFileSync(join(folder, `${half}_epoch_20.pth`), WEIGHTS);
    expect((await locate([], { cache })).encoder).toBe(join(folder, "encoder_epoch_20.pth"));
  });

  it.each([
    ["is not there", status(404), "the server answered 404 Not Found"],
    ["is a login page", loginPage(), "a web page came instead of the file"],
    ["is something else", serve(new TextEncoder().encode("hello")), "expected a .pth file or safetensors"],
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
