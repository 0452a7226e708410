import { readFileSync } from "node:fs";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { decodeLabel, labelHeader } from "../src/decode-label.ts";
import { chunk, encodePng } from "./png.ts";
import { HOSTILE_LABELS, LABEL_VALUES } from "./support/hostile-labels.ts";

const cases = shared("cases/labels");

const KINDS = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ depth, colorType: 0, channels: 1 }) as const),
  ...[1, 2, 4, 8].map((depth) => ({ depth, colorType: 3, channels: 1 }) as const),
  ...[8, 16].flatMap((depth) => [
    { depth, colorType: 4, channels: 2 } as const,
    { depth, colorType: 2, channels: 3 } as const,
    { depth, colorType: 6, channels: 4 } as const,
  ]),
].flatMap((kind) => [false, true].map((interlaced) => ({ ...kind, interlaced })));

const SIZES = [
  [1, 1],
  [2, 5],
  [5, 2],
  [8, 8],
  [37, 19],
] as const;

describe("Decoding a label file", () => {
  it.each(KINDS)(
    "gives the file's own values: $depth bits, colour type $colorType, interlaced $interlaced",
    async (kind) => {
      for (const [width, height] of SIZES) {
        const values = Array.from({ length: width * height * kind.channels }, (_, i) => (i * 7919) % 2 ** kind.depth);
        const file = encodePng({ ...kind, width, height, values });
        const { data, ...header } = await decodeLabel(file, "a.png");
        expect(Array.from(data)).toEqual(values);
        expect(header).toEqual(labelHeader(file));
        expect(header).toMatchObject({ width, height, depth: kind.depth, channels: kind.channels });
      }
    },
  );

  it("gives the palette's colours beside the indices", () => {
    const file = encodePng({ width: 2, height: 1, depth: 2, colorType: 3, values: [3, 0] });
    expect(labelHeader(file)?.palette).toEqual(Uint8Array.from({ length: 12 }, (_, i) => (i * 37) % 256));
  });

  it("heeds no gamma, no transparent value, no significant bits, no text and no rotation", async () => {
    const values = [0, 1, 2, 3, 250, 255];
    const gamma = Buffer.alloc(4);
    gamma.writeUInt32BE(100_000);
    const extra = [
      chunk("gAMA", gamma),
      chunk("sBIT", Uint8Array.of(4)),
      chunk("tRNS", Uint8Array.of(0, 2)),
      chunk("tEXt", Buffer.from("Comment\0made up")),
      // An EXIF block that says: turned by 90°.
      chunk("eXIf", Buffer.from("4d4d002a000000080001011200030000000100060000000000000000", "hex")),
    ];
    const file = encodePng({ width: 3, height: 2, depth: 8, colorType: 0, values, extra });
    expect(await decodeLabel(file, "a.png")).toMatchObject({ width: 3, height: 2, data: Uint8Array.from(values) });
  });

  it("knows what is no PNG", () => {
    expect(labelHeader(Buffer.alloc(0))).toBeUndefined();
    expect(labelHeader(Buffer.alloc(100))).toBeUndefined();
  });

  it("names a file that is cut off, or whose header or pixels were altered", async () => {
    for (const colorType of [0, 3] as const) {
      const file = encodePng({ width: 9, height: 9, depth: 4, colorType, interlaced: true, values: Array(81).fill(5) });
      for (const at of [23, file.length - 24]) {
        const altered = Buffer.from(file);
        altered[at]! ^= 1;
        await expect(decodeLabel(altered, "a.png")).rejects.toMatchObject({ code: "truncated" });
      }
      for (let kept = 26; kept < file.length - 12; kept++) {
        await expect(decodeLabel(file.subarray(0, kept), "a.png")).rejects.toMatchObject({
          code: "truncated",
          data: { file: "a.png" },
        });
      }
    }
  });

  it.skipIf(!cases).each(["grey", "palette"])(`reads an interlaced file of 4 bits, %s${unlessShared}`, async (kind) => {
    const expected = JSON.parse(readFileSync(`${cases}/interlaced-4bit.json`, "utf8"));
    const { data } = await decodeLabel(readFileSync(`${cases}/interlaced-4bit-${kind}.png`), kind);
    expect(Array.from(data)).toEqual((expected.indices ?? expected).flat());
  });

  it.each(HOSTILE_LABELS.filter(({ isRead }) => isRead))(
    "passes over what other readers do: $name",
    async ({ build }) => {
      expect(Array.from((await decodeLabel(build(), "a.png")).data)).toEqual(LABEL_VALUES);
    },
  );

  it.each(HOSTILE_LABELS.filter(({ isRead }) => !isRead))("names a file with $name", async ({ build }) => {
    await expect(decodeLabel(build(), "a.png")).rejects.toMatchObject({
      code: "truncated",
      message: expect.stringMatching(/^Expected a whole PNG label file but a\.png is cut off or damaged \(.+\): /),
    });
  });
});
