import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { shared, unlessShared } from "@seg/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage, type ImageFile } from "../src/decode-image.ts";
import { DECODED, FORMS, PHOTO, REFUSED } from "./pillow.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const cases = shared("cases/images");
const png = DECODED.find(({ name }) => name === "a PNG")!;

async function failure(source: ImageFile, options = {}): Promise<{ code: string; message: string }> {
  const error = await decodeImage(source, options).then(
    () => expect.unreachable("the image was decoded"),
    (error) => error,
  );
  expect(error.name).toBe("DataError");
  expect(error.message).not.toContain("\n");
  return error;
}

describe("Decoding gives Pillow's values", () => {
  it.each(DECODED)("for $name", async ({ file, expected }) => {
    const decoded = await decodeImage(file);
    expect([decoded.width, decoded.height]).toEqual([expected.width, expected.height]);
    expect(decoded.data).toEqual(expected.data);
  });

  it.each(FORMS)("for $name, within $within", async ({ file, expected, within }) => {
    const { data, width, height } = await decodeImage(file);
    expect([width, height]).toEqual([expected.width, expected.height]);
    expect(Math.max(...data.map((value, i) => Math.abs(value - expected.data[i]!)))).toBeLessThanOrEqual(within);
  });

  it("for AVIF up to what lossy coding changes", async () => {
    const { data, width, height } = PHOTO;
    const file = await sharp(data, { raw: { width, height, channels: 3 } })
      .avif({ quality: 100, chromaSubsampling: "4:4:4" })
      .toBuffer();
    const decoded = await decodeImage(file);
    expect(decoded.data.reduce((sum, value, i) => sum + Math.abs(value - data[i]!), 0) / data.length).toBeLessThan(3);
  });

  it.skipIf(!cases)(
    `for an uncompressed YCbCr TIFF as for a BMP of the same photo, in the mean${unlessShared}`,
    async () => {
      const [bmp, tiff] = await Promise.all(["photo.bmp", "ycbcr.tif"].map((name) => decodeImage(`${cases}/${name}`)));
      for (let c = 0; c < 3; c++) {
        const mean = (data: Uint8Array) =>
          data.reduce((sum, v, i) => (i % 3 === c ? sum + v : sum), 0) / (data.length / 3);
        expect(Math.abs(mean(tiff!.data) - mean(bmp!.data))).toBeLessThan(3);
      }
    },
  );

  it("from every form that a file comes in", async () => {
    const { file, expected } = png;
    await writeFile(inFolder("a b.png"), file);
    const bytes = Uint8Array.from(file);
    const { data } = expected;
    for (const source of [
      inFolder("a b.png"),
      pathToFileURL(inFolder("a b.png")),
      pathToFileURL(inFolder("a b.png")).href,
      new Blob([bytes]),
      new File([bytes], "photo.png"),
      bytes.buffer,
      new DataView(bytes.buffer),
      new Uint8ClampedArray(bytes),
      Buffer.concat([Buffer.alloc(3), bytes]).subarray(3),
      `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`,
      URL.createObjectURL(new Blob([bytes])),
    ]) {
      expect((await decodeImage(source)).data).toEqual(data);
    }
  });

  it("in memory that is not shared with anything", async () => {
    const { data } = await decodeImage(png.file);
    data.slice().fill(0);
    expect(data).toEqual(png.expected.data);
  });
});

describe("An image that cannot be used is refused with one line", () => {
  it("when the file is missing", async () => {
    expect(await failure(inFolder("none.jpg"))).toMatchObject({
      code: "not-found",
      data: { file: inFolder("none.jpg") },
    });
  });

  it("when it is no file at all, or a wrong address", async () => {
    for (const source of [
      undefined,
      null,
      3,
      {},
      new Float32Array(3),
      { data: new Uint8Array(3), width: 1, height: 1 },
    ]) {
      expect(await failure(source as never)).toMatchObject({ code: "option" });
    }
    expect(await failure("file://elsewhere/a.jpg")).toMatchObject({ code: "option" });
    expect(await failure("data:nonsense")).toMatchObject({ code: "download-failed" });
    expect(await failure(new File(["text"], "photo.jpg"))).toMatchObject({ data: { file: "photo.jpg" } });
  });

  it("when it is a folder", async () => {
    await mkdir(inFolder("folder.jpg"));
    expect(await failure(inFolder("folder.jpg"))).toMatchObject({ code: "unreadable" });
  });

  it("when it is empty, text, a web page, a drawing or something else", async () => {
    const cases = {
      "": "empty",
      "not a photo": "holds text",
      "<!doctype html><p>Log in": "web page",
      "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>": "holds text",
      "\x00\x01\x02\x03": "another format",
    };
    for (const [contents, said] of Object.entries(cases)) {
      await writeFile(inFolder("photo.jpg"), contents);
      expect(await failure(inFolder("photo.jpg"))).toMatchObject({
        code: "not-an-image",
        data: { file: inFolder("photo.jpg") },
        message: expect.stringContaining(said),
      });
    }
  });

  it.each(REFUSED)("when it is $name", async ({ file }) => {
    expect(await failure(file)).toMatchObject({
      code: "not-an-image",
      message: expect.not.stringContaining("damaged"),
    });
  });

  it("when a BMP is cut off anywhere, or tells of more pixels than it has", async () => {
    for (const { name, file } of FORMS.filter(({ name }) => name.includes("BMP"))) {
      for (let kept = 18; kept < file.length - 4; kept += 11) {
        expect(["truncated", "not-an-image"]).toContain((await failure(file.subarray(0, kept))).code);
      }
      // Rows of runs may end early.
      if (name.includes("runs")) continue;
      const large = Buffer.from(file);
      large.writeUInt16LE(30_000, 18);
      expect(["truncated", "bad-size"]).toContain((await failure(large)).code);
    }
  });

  it("when it has one pixel, or one row of them", async () => {
    for (const [width, height] of [
      [1, 1],
      [20000, 1],
      [1, 300],
    ] as const) {
      const file = await sharp({ create: { width, height, channels: 3, background: "red" } })
        .png()
        .toBuffer();
      expect(await failure(file)).toMatchObject({
        code: "bad-size",
        data: { file: "the given buffer", width, height },
      });
    }
  });

  it.each(["a JPEG", "a progressive JPEG", "a PNG", "a WebP", "a TIFF", "a GIF"])(
    "when %s is cut off anywhere",
    async (kind) => {
      const { file } = DECODED.find(({ name }) => name === kind)!;
      // The last bytes of a PNG or GIF hold nothing of the image.
      for (let kept = 12; kept < file.length - 24; kept += 37) {
        expect(["truncated", "not-an-image"]).toContain((await failure(file.subarray(0, kept))).code);
      }
      expect((await failure(file.subarray(0, file.length >> 1))).code).toBe("truncated");
    },
  );

  it("when a JPEG lacks its last byte", async () => {
    const { file } = DECODED[0]!;
    expect(await failure(file.subarray(0, -1))).toMatchObject({ code: "truncated" });
  });
});

describe("An image on the web", () => {
  let server: Server;
  let address = "";
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      if (url === "/photo.png") response.end(png.file);
      else if (url === "/moved.png") response.writeHead(302, { location: "/photo.png" }).end();
      else if (url === "/slow.png") response.write(png.file.subarray(0, 50));
      else response.writeHead(404).end("nothing here");
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("is fetched, redirects followed", async () => {
    expect((await decodeImage(`${address}/photo.png`)).data).toEqual(png.expected.data);
    expect((await decodeImage(`${address}/moved.png`)).data).toEqual(png.expected.data);
  });

  it("is refused when it is missing, slow, too large or unreachable", async () => {
    expect(await failure(`${address}/none.png`)).toMatchObject({
      code: "download-failed",
      data: { url: `${address}/none.png`, reason: expect.stringContaining("404") },
    });
    expect(await failure(`${address}/slow.png`, { timeout: 200 })).toMatchObject({
      code: "download-failed",
      data: { reason: expect.stringContaining("200 ms") },
    });
    expect(await failure(`${address}/photo.png`, { maxBytes: 100 })).toMatchObject({
      code: "download-failed",
      data: { reason: expect.stringContaining("100 bytes") },
    });
    expect(await failure("http://127.0.0.1:1/photo.png")).toMatchObject({ code: "download-failed" });
  });

  it("can be given up", async () => {
    const reason = new Error("changed my mind");
    await expect(decodeImage(`${address}/slow.png`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
