import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printable } from "@seg/errors";
import { describe, expect, it } from "vitest";
import { checkDataset } from "../src/check-dataset.ts";
import { DataError } from "../src/errors.ts";
import { findImages } from "../src/list-images.ts";
import { readOdgt } from "../src/odgt.ts";
import { pairImages } from "../src/pair-images.ts";
import { readClasses } from "../src/read-classes.ts";
import { readLabel } from "../src/read-label.ts";
import { readLabelConvention } from "../src/read-label-convention.ts";
import { readPair } from "../src/read-pair.ts";
import { encodePng } from "./png.ts";
import { hostileClasses, hostileConvention, hostileList, type Random, seeded } from "./support/hostile-text.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const IMAGE = encodePng({ width: 8, height: 8, colorType: 0, depth: 8, values: Array(64).fill(0) });
const onWindows = process.platform === "win32";

/** What each kind of file is built by, and read by. */
const READERS: Record<
  string,
  { build(random: Random): { text: Buffer; extension: string }; read(path: string): Promise<unknown> }
> = {
  "a list": { build: (random) => ({ text: hostileList(random), extension: ".odgt" }), read: (path) => readOdgt(path) },
  classes: { build: hostileClasses, read: (path) => readClasses(path) },
  "a label convention": { build: hostileConvention, read: (path) => readLabelConvention(path, { numClasses: 20 }) },
};

describe("Of files built to hurt,", () => {
  it.each(Object.keys(READERS))(
    "%s is read, or refused in a line with its name and place",
    { timeout: 120_000 },
    async (kind) => {
      const { build, read } = READERS[kind]!;
      const random = seeded(kind.length);
      let refused = 0;
      for (let i = 0; i < 150; i++) {
        const { text, extension } = build(random);
        const path = inFolder(`case${extension}`);
        writeFileSync(path, text);
        const error = await read(path).then(
          () => undefined,
          (thrown) => thrown,
        );
        if (error === undefined) continue;
        refused++;
        expect(error).toBeInstanceOf(DataError);
        expect(error.message).toContain(path);
        expect(error.message).toBe(printable(error.message));
        expect(error.message.length).toBeLessThan(2000);
        const { line = 1, entry = 1 } = error.data;
        expect(line).toBeLessThanOrEqual(text.toString("latin1").split("\n").length + 1);
        expect(entry).toBeGreaterThanOrEqual(1);
      }
      // Some are harmless, most are not.
      expect(refused).toBeGreaterThan(50);
      expect(refused).toBeLessThan(150);
    },
  );
});

describe("Classes", () => {
  const refusal = async (name: string, text: string) => {
    writeFileSync(inFolder(name), text);
    return readClasses(inFolder(name)).catch((error) => error);
  };

  it("whose entry has a key `where` are refused at their own entry", async () => {
    const text = '["sky", {"name": "", "where": {"file": "/etc/passwd", "line": 7}}]';
    expect(await refusal("where.json", text)).toMatchObject({
      code: "bad-classes",
      data: { file: inFolder("where.json"), entry: 2 },
    });
  });

  it("may be as many as a label's 8 bits tell apart, and are refused at the next one", async () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);
    writeFileSync(inFolder("255.json"), JSON.stringify(names(255)));
    expect(await readClasses(inFolder("255.json"))).toHaveLength(255);
    expect(await refusal("256.json", JSON.stringify(names(256)))).toMatchObject({
      code: "bad-classes",
      data: { entry: 256 },
    });
    expect(await refusal("600.txt", names(600).join("\n"))).toMatchObject({
      code: "bad-classes",
      message: expect.stringMatching(/600\.txt:256: .*at most 255 classes.*received 600/),
    });
    expect(await refusal("600.csv", ["name", ...names(600)].join("\n"))).toMatchObject({ data: { line: 257 } });
  });

  it("that are deep, or have endless names, are refused in a short line", async () => {
    const deep = await refusal("deep.json", `[${"[".repeat(200_000)}${"]".repeat(200_000)}]`);
    expect(deep).toMatchObject({ code: "bad-classes", data: { entry: 1 } });
    const long = await refusal("long.json", JSON.stringify(["a", "x".repeat(500_000)]));
    expect(long).toMatchObject({ code: "bad-classes", data: { entry: 2 } });
    for (const { message } of [deep, long]) expect(message.length).toBeLessThan(500);
    expect(await refusal("large.json", " ".repeat(1_000_001))).toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("more than 1 MB"),
    });
  });
});

describe("A list", () => {
  const record = '{"fpath_img": "images/a.jpg", "fpath_segm": "annotations/a.png", "width": 683, "height": 512}';

  it("of 60,000 photos is read, with the event loop alive", async () => {
    const path = inFolder("long.odgt");
    writeFileSync(path, `${record}\n`.repeat(60_000));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const records = await readOdgt(path);
    clearInterval(timer);
    expect(records).toHaveLength(60_000);
    expect(records.at(-1)).toEqual({
      imagePath: inFolder(join("images", "a.jpg")),
      labelPath: inFolder(join("annotations", "a.png")),
      width: 683,
      height: 512,
    });
    expect(turns).toBeGreaterThan(1);
  });

  it("is left when the signal says so", async () => {
    const path = inFolder("long.odgt");
    const stop = new AbortController();
    const reading = readOdgt(path, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 1);
    await expect(reading).rejects.toThrow("enough");
  });

  it.each<[string, string | Buffer, number]>([
    ["a line without end", `${record}\n${"x".repeat(200_000)}`, 2],
    ["a path with a NUL", `${record}\n\n${record.replace("images", "\\u0000")}`, 3],
    ["a path without end", record.replace("images", "x".repeat(5000)), 1],
    ["Latin-1", Buffer.from(`${record}\n${record.replace("images", "Höhe")}`, "latin1"), 2],
    ["a size without end", `${record}\n${record.replace("683", "1e300")}`, 2],
  ])("with %s is refused with its line", async (_what, text, line) => {
    const path = inFolder("bad.odgt");
    writeFileSync(path, text);
    const error = await readOdgt(path).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "DataError", code: "bad-list", data: { file: path, line } });
    expect(error.message.length).toBeLessThan(500);
  });
});

describe.skipIf(onWindows)("What is no regular file (skipped on Windows)", () => {
  it("is left out of a folder, with a note", async () => {
    const folder = inFolder("mixed");
    mkdirSync(join(folder, "directory.jpg"), { recursive: true });
    writeFileSync(join(folder, "real.png"), IMAGE);
    for (const name of ["pipe.jpg", "pipe"]) execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", join(folder, name)]);
    symlinkSync("/dev/zero", join(folder, "device.jpg"));
    symlinkSync("/dev/zero", join(folder, "device"));
    symlinkSync("loop.txt", join(folder, "loop.txt"));
    symlinkSync(".", join(folder, "again"));
    const { images, leftOut, others } = await findImages(folder);
    expect(images).toEqual([join(folder, "real.png")]);
    expect(leftOut).toEqual([
      { reason: "pipes, devices and sockets", files: expect.toSatisfy((files: string[]) => files.length === 2) },
    ]);
    expect(others).toBe(3);
  });

  it("is refused where a list names it, as photo and as label", async () => {
    const photo = inFolder("photo.png");
    writeFileSync(photo, IMAGE);
    const pipe = inFolder("list-pipe.png");
    execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", pipe]);
    const unreadable = { name: "DataError", code: "unreadable", data: { file: pipe } };
    const size = { width: 8, height: 8 };
    await expect(readLabel(pipe)).rejects.toMatchObject(unreadable);
    await expect(readPair({ imagePath: pipe, labelPath: photo })).rejects.toMatchObject(unreadable);
    await expect(readPair({ imagePath: photo, labelPath: pipe })).rejects.toMatchObject(unreadable);
    const records = [
      { imagePath: pipe, labelPath: photo, ...size },
      { imagePath: photo, labelPath: "/dev/zero", ...size },
    ];
    const { problems } = await checkDataset(records, { numClasses: 3 });
    expect(problems.map(({ code }) => code)).toEqual(["unreadable", "unreadable"]);
  });

  it.each([
    ["readClasses", readClasses],
    ["readLabelConvention", readLabelConvention],
    ["readOdgt", readOdgt],
  ] as const)("is refused by %s", async (_name, read) => {
    const pipe = inFolder(`${_name}.json`);
    execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", pipe]);
    const files = ["/dev/zero", ...(read === readOdgt ? [] : [pipe])];
    for (const file of files) await expect(read(file)).rejects.toMatchObject({ code: "unreadable", data: { file } });
  });
});

describe.skipIf(process.platform !== "linux")("A name that is not UTF-8 (skipped but on Linux)", () => {
  it("is left out of a folder, with a note", async () => {
    const folder = inFolder("latin1");
    mkdirSync(folder);
    writeFileSync(join(folder, "a\nb.png"), IMAGE);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/H`), Buffer.from([0xf6]), Buffer.from("he.png")]), IMAGE);
    expect(await findImages(folder)).toMatchObject({
      images: [join(folder, "a\nb.png")],
      leftOut: [{ reason: "names that are not UTF-8", files: [join(folder, "H\ufffdhe.png")] }],
    });
  });
});

it("Many photos and labels are paired in a time that grows with their number", async () => {
  const folder = inFolder("many");
  mkdirSync(join(folder, "images"), { recursive: true });
  mkdirSync(join(folder, "labels"));
  for (let i = 0; i < 1000; i++) writeFileSync(join(folder, "images", `${i}.png`), IMAGE);
  writeFileSync(join(folder, "labels", "7.png"), IMAGE);
  const told: string[] = [];
  const records = await pairImages(join(folder, "images"), join(folder, "labels"), {
    onLeftOut: (leftOut) => told.push(...leftOut.map(({ reason, files }) => `${files.length} ${reason}`)),
  });
  expect(records.map(({ imagePath }) => imagePath)).toEqual([join(folder, "images", "7.png")]);
  expect(told).toEqual(["999 photos without a label"]);
});
