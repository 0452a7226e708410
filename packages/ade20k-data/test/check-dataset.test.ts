import { execFileSync } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { checkDataset } from "../src/check-dataset.ts";
import { type OdgtRecord, readOdgt } from "../src/odgt.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const record = (photo: string, label: string | undefined, width = 6, height = 4): OdgtRecord => ({
  imagePath: inFolder(photo),
  labelPath: label === undefined ? undefined : inFolder(label),
  width,
  height,
});

async function picture(name: string, channels: 1 | 3, value: number, width = 6, height = 4): Promise<void> {
  const raw = sharp(Buffer.alloc(width * height * channels, value), { raw: { width, height, channels } });
  await (channels === 1 ? raw.toColourspace("b-w") : raw).png().toFile(inFolder(name));
}

beforeAll(async () => {
  await picture("photo.png", 3, 90);
  await picture("label.png", 1, 3);
  await picture("high.png", 1, 12);
  await picture("small.png", 1, 3, 3, 2);
  await writeFile(inFolder("text.jpg"), "not a photo");
});

const good = () => record("photo.png", "label.png");

describe("Checking a data set", () => {
  it("finds nothing wrong with what is right, and tells of its progress", async () => {
    const progress: number[][] = [];
    const onProgress = (...numbers: number[]) => progress.push(numbers);
    const report = await checkDataset([good(), good(), good()], { numClasses: 3, onProgress });
    expect(report).toMatchObject({ checked: 3, problemCount: 0, problems: [] });
    expect(progress).toEqual([
      [1, 3, 0],
      [2, 3, 0],
      [3, 3, 0],
    ]);
  });

  it.skipIf(process.platform === "win32")(
    "names the list and the line of what is no file, or is not there (skipped on Windows)",
    async () => {
      execFileSync("mkfifo", [inFolder("pipe.jpg")]);
      await symlink("/dev/zero", inFolder("device.jpg"));
      const photos = ["photo.png", "pipe.jpg", "device.jpg", "gone.jpg"];
      const line = (photo: string) =>
        JSON.stringify({
          fpath_img: photo,
          fpath_segm: photo === "device.jpg" ? undefined : "label.png",
          width: 6,
          height: 4,
        });
      const list = inFolder("list.odgt");
      await writeFile(list, photos.map(line).join("\n\n"));
      const { problems } = await checkDataset(await readOdgt(list), { numClasses: 11 });
      expect(problems.map(({ message }) => message)).toEqual([
        `${list}:3: Expected to read ${inFolder("pipe.jpg")} but it is a pipe: name a regular file.`,
        `${list}:5: Expected to read ${inFolder("device.jpg")} but it is a device or socket: name a regular file.`,
        `${list}:5: ${inFolder("device.jpg")}: Expected a label but the list names none: add fpath_segm to its line.`,
        `${list}:7: Expected a file or folder at ${inFolder("gone.jpg")} but there is none: check the path.`,
      ]);
      expect(problems[0]!.data).toEqual({ file: inFolder("pipe.jpg"), list, listLine: 3 });
    },
  );

  it("names every file with a wrong value, a wrong size or no contents, in the list's order", async () => {
    const records = [
      good(),
      record("gone.jpg", "label.png"),
      record("photo.png", "high.png"),
      good(),
      record("photo.png", "gone.png"),
      record("photo.png", "small.png"),
      record("photo.png", "label.png", 7, 4),
      record("photo.png", undefined),
      record("text.jpg", "high.png"),
    ];
    const { checked, problemCount, problems } = await checkDataset(records, { numClasses: 11 });
    expect(checked).toBe(9);
    const expected = [
      ["not-found", "gone.jpg", {}],
      ["bad-label", "high.png", { value: 12, x: 0, y: 0, numClasses: 11 }],
      ["not-found", "gone.png", {}],
      ["bad-label", "small.png", { width: 3, height: 2, expectedWidth: 6, expectedHeight: 4 }],
      ["bad-size", "photo.png", { width: 6, height: 4, expectedWidth: 7, expectedHeight: 4 }],
      ["bad-label", "label.png", { width: 6, height: 4, expectedWidth: 7, expectedHeight: 4 }],
      ["bad-list", "photo.png", { key: "fpath_segm" }],
      ["not-an-image", "text.jpg", {}],
      ["bad-label", "high.png", {}],
    ] as const;
    expect(problems).toMatchObject(
      expected.map(([code, file, values]) => ({ code, data: { file: inFolder(file), ...values } })),
    );
    expect(problemCount).toBe(expected.length);
  });

  it("counts the pixels and label maps of each class, of the labels that can be read", async () => {
    const { counts } = await checkDataset([good(), record("photo.png", "high.png"), good()], { numClasses: 4 });
    const none = { pixels: 0, images: 0, imagePixels: 0 };
    expect(counts).toEqual({
      images: 2,
      pixels: 48,
      unlabeled: 0,
      classes: [none, none, { pixels: 48, images: 2, imagePixels: 48 }, none],
    });
    const convention = { name: "mine", values: { 3: 0, 12: 1 } };
    const records = [good(), record("photo.png", "high.png")];
    const mapped = await checkDataset(records, { numClasses: 1, convention });
    expect(mapped.counts).toEqual({
      images: 2,
      pixels: 48,
      unlabeled: 24,
      classes: [{ pixels: 24, images: 1, imagePixels: 24 }],
    });
  });

  it("keeps the first problems and counts the others", async () => {
    const records = Array.from({ length: 50 }, (_, i) => record(`gone${i}.jpg`, "label.png"));
    const { problemCount, problems } = await checkDataset(records, { numClasses: 3, limit: 3 });
    expect(problemCount).toBe(50);
    expect(problems.map(({ data }) => data.file)).toEqual([0, 1, 2].map((i) => inFolder(`gone${i}.jpg`)));
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const onProgress = (done: number) => done === 2 && stop.abort(new Error("enough"));
    const run = checkDataset(Array(100).fill(good()), { numClasses: 3, onProgress, signal: stop.signal });
    await expect(run).rejects.toThrow("enough");
  });
});
