import { describe, expect, it } from "vitest";
import { colorTable, dimTable, fill, outline, samples } from "../../src/page/layers.ts";

const classes = [
  { index: 0, name: "sky", color: [1, 2, 3] as const },
  { index: 1, name: "road", color: [255, 0, 16] as const },
];
const SKY = 0xff030201;
const ROAD = 0xff1000ff;

describe("the layers over a picture", () => {
  it("take for each of their pixels the label that lies in its middle", () => {
    // Two rows of four pixels, seen at half size, then at double size from the third column on.
    const labels = Uint8Array.of(0, 0, 1, 1, 1, 1, 0, 0);
    const layer = (columns: Int32Array, rows: Int32Array) => {
      const out = new Uint32Array(columns.length * rows.length);
      fill({ labels, stride: 4, columns, rows }, colorTable(classes), out);
      return [...out];
    };
    expect(layer(samples(2, 0, 2, 4), samples(1, 0, 2, 2))).toEqual([ROAD, SKY]);
    expect(layer(samples(4, 2, 0.5, 4), samples(1, 0, 0.5, 2))).toEqual([ROAD, ROAD, ROAD, ROAD]);
    expect(layer(samples(4, 1.5, 0.5, 4), samples(1, 0, 0.5, 2))).toEqual([SKY, ROAD, ROAD, ROAD]);
  });

  it("have nothing where a pixel is unlabeled", () => {
    const out = new Uint32Array(2);
    const one = { stride: 2, columns: samples(2, 0, 1, 2), rows: samples(1, 0, 1, 1) };
    fill({ labels: Int32Array.of(-1, 1), ...one }, colorTable(classes), out);
    expect([...out]).toEqual([0, ROAD]);
  });

  it("darken all but the lit class", () => {
    const table = dimTable(3, 1);
    expect(table[2]).toBe(0);
    expect(table[1]! >>> 24).toBe(255);
    expect(table[0]! >>> 24).toBe(255);
  });

  it("keep of areas only what is near another class, the picture's edge being none", () => {
    const row = Uint32Array.of(SKY, SKY, SKY, SKY, ROAD, ROAD, ROAD);
    expect([...outline(row, 7, 1, 1)]).toEqual([0, 0, 0, SKY, ROAD, 0, 0]);
    expect([...outline(row, 7, 1, 2)]).toEqual([0, 0, SKY, SKY, ROAD, ROAD, 0]);
    expect([...outline(row, 1, 7, 1)]).toEqual([0, 0, 0, SKY, ROAD, 0, 0]);
  });
});
