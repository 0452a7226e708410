import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FROM_SOURCE } from "@seg/testing/node";
import { beforeAll, describe, expect, it } from "vitest";
import { checkDataset } from "../src/check-dataset.ts";
import { decodeImage } from "../src/decode-image.ts";
import { MAX_PIXELS } from "../src/image-limits.ts";
import { countClasses } from "../src/label-counts.ts";
import { lookAtPhotos } from "../src/look-at-photos.ts";
import { readLabel } from "../src/read-label.ts";
import { createSource } from "../src/train-source.ts";
import { chunk } from "./png.ts";
import { seeded } from "./support/bytes.ts";
import { damaged, HOSTILE_IMAGES, SMALL_IMAGES } from "./support/hostile-images.ts";
import { scansOf } from "./support/hostile-jpeg.ts";
import { blackPng, inflatingChunks, png, tooManyPixels, zeros } from "./support/hostile-png.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const MIB = 2 ** 20;

async function write(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(inFolder(name), bytes);
  return inFolder(name);
}

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable("it was taken"),
    (error) => error,
  );

describe("Of files that are made to hurt", () => {
  let results: Record<string, string>;
  let grown: number;
  const fileOf = (name: string) => inFolder(`${name.replaceAll(" ", "-")}`);

  beforeAll(async () => {
    const random = seeded(12);
    for (const { name, build } of HOSTILE_IMAGES) await writeFile(fileOf(name), await build(random));
    const script = fileURLToPath(new URL("support/decode-all.ts", import.meta.url));
    const files = [await write("first.png", blackPng(8, 8)), ...HOSTILE_IMAGES.map(({ name }) => fileOf(name))];
    const { stdout } = await promisify(execFile)(process.execPath, [...FROM_SOURCE, script, ...files]);
    ({ results, grown } = JSON.parse(stdout));
  });

  it.each(HOSTILE_IMAGES)("$name is refused by name, or gives its picture", ({ name, expected }) => {
    const result = results[fileOf(name)];
    if (typeof expected !== "string") {
      const colors = /PNG|GIF/.test(name) ? "black" : "(black|coloured)";
      return expect(result).toMatch(new RegExp(`^${expected.join("×")}, ${colors}$`));
    }
    expect(result).toMatch(new RegExp(`^DataError ${expected}: Expected `));
    expect(result).toContain(fileOf(name));
  });

  it("none takes much memory", () => {
    // The largest file and picture take 6 and 27 MB.
    expect(grown / MIB).toBeLessThan(200);
  });

  it("some say how to take them all the same", async () => {
    const file = await write("black.png", blackPng(14_000, 14_000, 1));
    const error = await errorOf(decodeImage(file));
    expect(error.message).toBe(
      `Expected an image of at most ${MAX_PIXELS} pixels but ${file} has 14000×14000: resize it, or raise maxPixels (DATASET.max_pixels 196000000).`,
    );
  });
});

describe("A label file", () => {
  it.each([0, 2, 3] as const)("with more image data than its size needs is refused, colour type %i", async (type) => {
    const file = await write("label.png", tooManyPixels(8, 8, 2 ** 31, type));
    expect(await errorOf(readLabel(file))).toMatchObject({
      code: "truncated",
      data: { file },
      message: `Expected a PNG label file that holds no more than its size needs but ${file} holds more image data than 8×8 pixels have: copy the file again, or save it without what is not its picture.`,
    });
  });

  it("of another size than its photo is refused as such, however large it is", async () => {
    const file = await write("label.png", blackPng(60_000, 60_000, 1));
    expect(await errorOf(readLabel(file, { width: 8, height: 8 }))).toMatchObject({
      code: "bad-label",
      data: { file },
    });
    expect(await errorOf(readLabel(file))).toMatchObject({ code: "bad-size", data: { file } });
  });

  it("with texts that inflate gives its values", async () => {
    const file = await write("label.png", inflatingChunks("zTXt", 2 ** 28, 20));
    expect(await readLabel(file)).toEqual({ labels: new Int16Array(64).fill(-1), width: 8, height: 8 });
  });
});

describe("The option maxPixels", () => {
  const options = { numClasses: 3, batchSize: 1, sizes: [8] };
  const readers = {
    decodeImage: (file: string, maxPixels: number) => decodeImage(file, { maxPixels }),
    readLabel: (file: string, maxPixels: number) => readLabel(file, { maxPixels }),
    lookAtPhotos: (file: string, maxPixels: number) => lookAtPhotos([{ imagePath: file }], { sizes: [8], maxPixels }),
    countClasses: (file: string, maxPixels: number) => countClasses([recordOf(file)], { numClasses: 3, maxPixels }),
    checkDataset: async (file: string, maxPixels: number) => {
      const { problems } = await checkDataset([recordOf(file)], { numClasses: 3, maxPixels });
      if (problems[0]) throw problems[0];
    },
    createTrainSource: (file: string, maxPixels: number) =>
      createSource({ ...options, records: [recordOf(file)], maxPixels }).next(),
  };
  const recordOf = (file: string) => ({ imagePath: file, labelPath: file, width: 16, height: 8 });

  it.each(Object.entries(readers))("is what %s goes by", async (_, read) => {
    const file = await write("both.png", blackPng(16, 8));
    await read(file, 128);
    expect(await errorOf(read(file, 127))).toMatchObject({ code: "bad-size", data: { file, width: 16, height: 8 } });
    expect(await errorOf(read(file, 0.5))).toMatchObject({ code: "option", data: { option: "maxPixels" } });
  });

  it.each([
    // A file of about 100 bytes.
    { what: "as 5 pixels in 3", width: 15, height: 8, needed: 200 },
    { what: "four times where the file is too small for a photo", width: 300, height: 400, needed: 480_000 },
  ])("counts what is held whole $what", async ({ width, height, needed }) => {
    // Each of an interlaced PNG's rows, of which there are up to 15 for 8, begins with a byte of its own.
    const file = png({ width, height, interlaced: true, pixels: [zeros(width * height + 2 * height)] });
    expect(await decodeImage(file, { maxPixels: needed })).toMatchObject({ width, height });
    expect(await errorOf(decodeImage(file, { maxPixels: needed - 1 }))).toMatchObject({
      code: "bad-size",
      message: expect.stringContaining(`DATASET.max_pixels ${needed}`),
    });
  });
});

describe("A JPEG of several scans", () => {
  // Bytes of coefficients a pixel, 2 each, beside the 4 that there are for each of maxPixels.
  it.each([
    ["grey", [0x11], 1],
    ["4:2:0", [0x22, 0x11, 0x11], 1],
    ["4:2:2", [0x21, 0x11, 0x11], 1],
    ["4:4:4", [0x11, 0x11, 0x11], 6 / 4],
    ["CMYK", [0x11, 0x11, 0x11, 0x11], 8 / 4],
    ["CMYK of which two are smaller", [0x22, 0x11, 0x11, 0x22], 5 / 4],
  ])("counts as the memory that it takes: %s", async (_, sampling, weight) => {
    const file = scansOf(64, 64, sampling);
    expect(await decodeImage(file, { maxPixels: 64 * 64 * weight })).toMatchObject({ width: 64, height: 64 });
    expect(await errorOf(decodeImage(file, { maxPixels: 64 * 64 * weight - 1 }))).toMatchObject({ code: "bad-size" });
  });

  it("of 100 megapixels is taken, as far as it is there, of 120 not", async () => {
    const code = async (height: number) =>
      (await errorOf(decodeImage(scansOf(12_000, height, [0x11, 0x11, 0x11])))).code;
    expect(await code(8500)).toBe("truncated");
    expect(await code(10_000)).toBe("bad-size");
  });
});

it("A PNG that no decoder takes is told with its reason", async () => {
  const evil = png({ width: 8, height: 8, before: [chunk("EVIL", Buffer.alloc(1))], pixels: [zeros(72)] });
  expect((await errorOf(decodeImage(evil))).message).toContain(
    "is a PNG image of a form that is not read (its chunk EVIL is critical and unsupported)",
  );
  const unpainted = Buffer.from(png({ width: 8, height: 8, colorType: 3, pixels: [zeros(72)] }));
  unpainted[unpainted.indexOf("PLTE") + 4]! ^= 1;
  expect((await errorOf(decodeImage(unpainted))).message).toContain(
    "is cut off or damaged (its chunk PLTE does not match its checksum)",
  );
});

it("Damaged files give an image or a DataError with their name", async () => {
  const random = seeded(2012);
  for (const small of SMALL_IMAGES) {
    const file = await small();
    await decodeImage(file);
    for (let i = 0; i < 60; i++) {
      const error = await decodeImage(new File([damaged(file, random)], "photo.x")).catch((error) => error);
      if (!(error instanceof Error)) continue;
      expect(error).toMatchObject({ name: "DataError", data: { file: "photo.x" } });
      expect(error.message).toContain("photo.x");
    }
  }
});
