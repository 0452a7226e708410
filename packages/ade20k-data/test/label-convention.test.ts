import { writeFile } from "node:fs/promises";
import { shared, unlessShared } from "@seg/testing";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type LabelConvention, READY_CONVENTIONS } from "../src/label-convention.ts";
import { readLabel } from "../src/read-label.ts";
import { readLabelConvention } from "../src/read-label-convention.ts";
import { encodePng } from "./png.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();
const cases = shared("cases/labels");

/** Writes values, or colours, a row high. */
async function write(
  name: string,
  pixels: readonly (number | readonly number[])[],
  palette?: boolean,
): Promise<string> {
  const channels = (Array.isArray(pixels[0]) ? pixels[0].length : 1) as 1 | 2 | 3 | 4;
  const raw = { width: pixels.length / 2, height: 2, channels };
  const image = sharp(Uint8Array.from(pixels.flat()), { raw });
  await (channels < 3 ? image.toColourspace("b-w") : image).png({ palette: palette ?? false }).toFile(inFolder(name));
  return inFolder(name);
}

const labelsOf = async (path: string, convention: LabelConvention, numClasses?: number) =>
  Array.from((await readLabel(path, { convention, numClasses })).labels);

const refusal = (path: string, convention: LabelConvention | undefined, numClasses?: number) =>
  readLabel(path, { convention, numClasses }).then(
    () => expect.unreachable("the label was read"),
    (error) => error,
  );

/** The four classes in quarters, as the cases' README has them. */
const quarters = (value = (quarter: number, _y: number) => quarter) =>
  Array.from({ length: 96 * 64 }, (_, i) => {
    const [x, y] = [i % 96, Math.floor(i / 96)];
    return value((y < 32 ? 0 : 2) + (x < 48 ? 0 : 1), y);
  });

/** Writes a palette PNG of one column. */
async function writeIndexed(name: string, indices: number[], palette: number[]): Promise<string> {
  const png = { width: 1, height: indices.length, depth: 8, colorType: 3, values: indices, palette } as const;
  await writeFile(inFolder(name), encodePng(png));
  return inFolder(name);
}

describe("Pascal VOC's convention", () => {
  // As its development kit lists them.
  const COLORS = [
    ...[
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [128, 128, 0],
      [0, 0, 128],
      [128, 0, 128],
      [0, 128, 128],
    ],
    ...[
      [128, 128, 128],
      [64, 0, 0],
      [192, 0, 0],
      [64, 128, 0],
      [192, 128, 0],
      [64, 0, 128],
      [192, 0, 128],
    ],
    ...[
      [64, 128, 128],
      [192, 128, 128],
      [0, 64, 0],
      [128, 64, 0],
      [0, 192, 0],
      [128, 192, 0],
      [0, 64, 128],
    ],
    [224, 224, 192],
  ];
  const expected = [...Array.from({ length: 21 }, (_, i) => i), -1];

  it("reads its colours, and its indices, and ignores the void", async () => {
    const indices = [...Array.from({ length: 21 }, (_, i) => i), 255];
    expect(await labelsOf(await write("voc.png", COLORS), READY_CONVENTIONS.voc, 21)).toEqual(expected);
    expect(await labelsOf(await write("raw.png", indices), READY_CONVENTIONS.voc, 21)).toEqual(expected);
  });

  it("reads palettes by their colours, in whatever order a tool has put them", async () => {
    expect(await labelsOf(await write("palette.png", COLORS, true), READY_CONVENTIONS.voc, 21)).toEqual(expected);
    // A cat and a car that changed places, the cat twice.
    const path = await writeIndexed("twice.png", [0, 1, 2, 3], [0, 0, 0, 128, 0, 0, 64, 0, 0, 64, 0, 0]);
    expect(await labelsOf(path, READY_CONVENTIONS.voc, 21)).toEqual([0, 1, 8, 8]);
  });

  it("goes by a palette's indices where its known colours say the same or none is known, never by some of each", async () => {
    const known = [0, 0, 0, 128, 0, 0];
    const same = await writeIndexed("same.png", [0, 1, 2], [...known, 129, 0, 0]);
    expect(await labelsOf(same, READY_CONVENTIONS.voc, 21)).toEqual([0, 1, 2]);
    const unknown = await writeIndexed("unknown.png", [0, 1], [9, 9, 9, 8, 8, 8]);
    expect(await labelsOf(unknown, READY_CONVENTIONS.voc, 21)).toEqual([0, 1]);
    const other = await writeIndexed("other.png", [0, 1, 2], [128, 0, 0, 0, 0, 0, 129, 0, 0]);
    const { message } = await refusal(other, READY_CONVENTIONS.voc, 21);
    expect(message).toMatch(/the colours of voc, exactly .*\(129, 0, 0\)/);
  });

  it("knows that an index beyond the palette has no colour, which black would be", async () => {
    const void255 = await writeIndexed("void.png", [0, 1, 255], [0, 0, 0, 128, 0, 0]);
    expect(await labelsOf(void255, READY_CONVENTIONS.voc, 21)).toEqual([0, 1, -1]);
    const swapped = await writeIndexed("swapped.png", [0, 1, 255], [128, 0, 0, 0, 0, 0]);
    const { message } = await refusal(swapped, READY_CONVENTIONS.voc, 21);
    expect(message).toContain("index 255 at column 0, row 2, beyond its palette of 2");
  });
});

describe("Cityscapes' convention", () => {
  it("gives the 19 classes of the train ids, and ignores the other ids", async () => {
    const trainIds: Record<number, number> = { 7: 0, 8: 1, 11: 2, 23: 10, 24: 11, 26: 13, 33: 18 };
    const ids = [0, 1, 6, 7, 8, 9, 11, 18, 23, 24, 26, 29, 33, 255];
    const expected = ids.map((id) => trainIds[id] ?? -1);
    expect(await labelsOf(await write("ids.png", ids), READY_CONVENTIONS.cityscapes, 19)).toEqual(expected);
  });

  it("reads its colours with alpha, as the data set has them", async () => {
    const colors = [
      [128, 64, 128, 255],
      [0, 0, 0, 255],
      [119, 11, 32, 255],
      [0, 0, 142, 255],
    ];
    expect(await labelsOf(await write("color.png", colors), READY_CONVENTIONS.cityscapes, 19)).toEqual([0, -1, 18, 13]);
  });
});

describe("A palette of greys", () => {
  it("is refused where it holds the values in another order, as nobody can tell which are meant", async () => {
    const greys = (values: number[]) => values.flatMap((value) => [value, value, value]);
    const shuffled = await writeIndexed("shuffled.png", [3, 2, 1, 0], greys([4, 3, 2, 1]));
    expect((await refusal(shuffled, undefined, 4)).message).toMatch(
      /greys in another order .*3 shown as 1.*without a palette/,
    );
    // Colours for looking at, whose greys are no classes.
    for (const shown of [
      [0, 1, 2, 3],
      [0, 255, 255, 0],
      [0, 85, 170, 255],
    ]) {
      const path = await writeIndexed(`greys${shown[1]}.png`, [0, 1, 2, 3], greys(shown));
      expect(await labelsOf(path, READY_CONVENTIONS.ade20k, 4)).toEqual([-1, 0, 1, 2]);
    }
  });
});

describe("Train ids of Cityscapes", () => {
  it("are not read as its ids", async () => {
    const path = await write("a_gtFine_labelTrainIds.png", [0, 7, 18, 255]);
    expect((await refusal(path, READY_CONVENTIONS.cityscapes, 19)).message).toMatch(/train ids, .*zero-based/);
  });
});

describe("A label convention", () => {
  it("may have 0 as the first class and ignore 255", async () => {
    const path = await write("zero.png", [0, 1, 10, 255]);
    expect(await labelsOf(path, READY_CONVENTIONS["zero-based"], 11)).toEqual([0, 1, 10, -1]);
    expect(await refusal(path, READY_CONVENTIONS["zero-based"], 10)).toMatchObject({ data: { value: 10, x: 0, y: 1 } });
  });

  it("reads masks in whatever form a tool has saved black and white", async () => {
    const files = [
      await write("grey.png", [0, 255]),
      await write("rgb.png", [
        [0, 0, 0],
        [255, 255, 255],
      ]),
      await write("rgba.png", [
        [0, 0, 0, 255],
        [255, 255, 255, 255],
      ]),
      await write("grey-alpha.png", [
        [0, 255],
        [255, 255],
      ]),
      await write(
        "indices.png",
        [
          [0, 0, 0],
          [255, 255, 255],
        ],
        true,
      ),
    ];
    const oneBit = { width: 1, height: 2, depth: 1, colorType: 0, values: [0, 1] } as const;
    await writeFile(inFolder("one-bit.png"), encodePng(oneBit));
    for (const file of [...files, inFolder("one-bit.png")]) {
      expect(await labelsOf(file, READY_CONVENTIONS.mask, 2), file).toEqual([0, 1]);
    }
    expect(await labelsOf(inFolder("one-bit.png"), READY_CONVENTIONS["zero-based"], 2)).toEqual([0, 1]);
  });

  it("ignores values, of which −1 is held as 255", async () => {
    const path = await write("ignored.png", [1, 2, 100, 255]);
    const ignoring = (...ignore: number[]) => readLabelConvention("ade20k", { ignore, numClasses: 2 });
    expect(await labelsOf(path, await ignoring(100, 255), 2)).toEqual([0, 1, -1, -1]);
    expect(await labelsOf(path, await ignoring(100, -1), 2)).toEqual([0, 1, -1, -1]);
    expect(await refusal(path, await ignoring(100), 2)).toMatchObject({ data: { value: 255 } });
    for (const value of [256, -2, 1.5, Number.NaN]) {
      await expect(ignoring(value)).rejects.toMatchObject({ code: "option" });
    }
  });

  it("gives a class to all that is not listed, if that is wanted", async () => {
    const convention = { name: "mine", values: { 7: 2 }, colors: { "#010203": 2 }, others: 1 };
    expect(await labelsOf(await write("others.png", [7, 0, 255, 7]), convention)).toEqual([1, 0, 0, 1]);
    expect(
      await labelsOf(
        await write("others-rgb.png", [
          [1, 2, 3],
          [9, 9, 9],
        ]),
        convention,
      ),
    ).toEqual([1, 0]);
  });

  it("takes greys as colours where it knows nothing else, as tools save black and white as grey", async () => {
    const convention = { name: "mine", colors: { "#000000": 1, "#ffffff": 2 } };
    expect(await labelsOf(await write("as-grey.png", [0, 255]), convention)).toEqual([0, 1]);
  });
});

describe("A label that does not follow its convention", () => {
  it("is told with the values found, and the ways out that fit", async () => {
    const mask = await refusal(await write("mask.png", [0, 0, 0, 255]), undefined, 2);
    expect(mask.message).toMatch(/received 255 at column 1, row 1, among 0 \(75 %\), 255 \(25 %\)/);
    expect(mask.message).toMatch(/label_map mask would fit.*num_class/);
    expect(mask.data).toMatchObject({
      value: 255,
      x: 1,
      y: 1,
      numClasses: 2,
      found: [
        [0, 3],
        [255, 1],
      ],
    });
    const zeroBased = await refusal(await write("many.png", [0, 1, 2, 255]), undefined, 3);
    expect(zeroBased.message).toMatch(/label_map zero-based would fit/);
  });

  it("is told with ten of many values", async () => {
    const values = Array.from({ length: 200 }, (_, i) => (i < 100 ? i : 3));
    const { message } = await refusal(await write("hundred.png", values), undefined, 2);
    expect(message).toMatch(/3 \(50.5 %\).* and 90 more/);
  });

  it("is told with its colours, and the ready conventions that know them", async () => {
    const path = await write("street.png", [
      [128, 64, 128],
      [70, 70, 70],
      [70, 130, 180],
      [128, 64, 128],
    ]);
    const { code, message } = await refusal(path, undefined, 19);
    expect(code).toBe("bad-label");
    expect(message).toMatch(
      /RGB: \(128, 64, 128\) \(50 %\), .*label_map cityscapes with DATASET.num_class 19 would fit/,
    );
    const convention = { name: "mine", colors: { "#804080": 1, "#464646": 2 } };
    const unknown = await refusal(path, convention, 2);
    expect(unknown.message).toMatch(
      /colours of mine, exactly .*25 % of the pixels, first at column 0, row 1: \(70, 130, 180\)/,
    );
    expect((await refusal(path, convention, 1)).message).toMatch(/\(70, 70, 70\).* class 2 of mine/);
  });

  it("is told that smooth edges make colours of their own", async () => {
    const edge = Array.from({ length: 100 }, (_, i) => [i < 20 ? i * 12 : 0, 0, 0]);
    const { message } = await refusal(await write("smooth.png", edge), { name: "mine", colors: { "#000000": 1 } }, 1);
    expect(message).toMatch(/smooth edges/);
  });

  it("is told as grey values in three channels where it is that", async () => {
    const { message } = await refusal(
      await write("three.png", [
        [1, 1, 1],
        [2, 2, 2],
      ]),
      undefined,
      2,
    );
    expect(message).toMatch(/channels are alike.*8-bit grey PNG/);
  });

  it("is told as a JPEG, and as the full ADE20K's, by name", async () => {
    await sharp(new Uint8Array(64), { raw: { width: 8, height: 8, channels: 1 } })
      .jpeg()
      .toFile(inFolder("jpeg.png"));
    expect((await refusal(inFolder("jpeg.png"), undefined)).message).toMatch(/a JPEG, which is lossy/);
    const coded = [
      [10, 57, 0],
      [120, 3, 90],
      [20, 200, 45],
      [0, 0, 0],
    ];
    const full = await refusal(await write("ADE_train_00000001_seg.png", coded), undefined, 150);
    expect(full.message).toMatch(/full ADE20K data set.*ADEChallengeData2016/);
    expect((await refusal(await write("renamed.png", coded), undefined, 150)).message).toMatch(/full ADE20K data set/);
  });
});

describe.skipIf(!cases)(`The cases of labels${unlessShared}`, () => {
  const read = async (file: string, name: string, numClasses: number, ignore: number[] = []) => {
    const convention = await readLabelConvention(name, { numClasses, ignore });
    return Array.from((await readLabel(`${cases}/${file}`, { convention, numClasses, width: 96, height: 64 })).labels);
  };

  it("are read by the convention that each is made by", async () => {
    expect(await read("void-255.png", "ade20k", 4, [255])).toEqual(quarters((quarter, y) => (y < 4 ? -1 : quarter)));
    expect(await read("zero-based.png", "zero-based", 4)).toEqual(quarters());
    expect(await read("mask-0-255.png", "mask", 2)).toEqual(quarters((_, y) => (y < 32 ? 0 : 1)));
  });

  it("are read by a file of their colours", async () => {
    const map = '{"128,64,128": 1, "#464646": 2, "(107, 142, 35)": 3, "70 130 180": 4, "0,0,0": "ignore"}';
    await writeFile(inFolder("colours.json"), map);
    expect(await read("colours.png", inFolder("colours.json"), 4)).toEqual(quarters());
  });
});
