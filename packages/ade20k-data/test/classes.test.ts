import { reference } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { ADE20K_CLASSES } from "../src/ade20k-classes.ts";
import { palette } from "../src/classes.ts";

interface ReferenceClass {
  index: number;
  names: string[];
  pixel_ratio: number;
  train_images: number;
  val_images: number;
  stuff: number;
  color: number[];
}

const classes = reference<ReferenceClass[]>("ade20k-classes.json");

describe("ADE20K's classes", () => {
  it("are the benchmark's table", () => {
    const table = ADE20K_CLASSES.map((entry) => ({
      index: entry.index + 1,
      names: entry.names,
      pixel_ratio: entry.pixelRatio,
      train_images: entry.trainImages,
      val_images: entry.valImages,
      stuff: entry.stuff ? 1 : 0,
      color: entry.color,
    }));
    expect(table).toEqual(classes);
  });

  it("go by their first name", () => {
    expect(ADE20K_CLASSES.length).toBe(150);
    expect(ADE20K_CLASSES[0]).toMatchObject({ index: 0, name: "wall", color: [120, 120, 120], stuff: true });
    expect(ADE20K_CLASSES[8]).toMatchObject({ index: 8, name: "windowpane", names: ["windowpane", "window"] });
    expect(ADE20K_CLASSES[149]!.name).toBe("flag");
  });

  it("make a palette that starts with black for unlabeled pixels", () => {
    const bytes = palette(ADE20K_CLASSES);
    expect(bytes.length).toBe(151 * 3);
    expect(Array.from(bytes.subarray(0, 6))).toEqual([0, 0, 0, 120, 120, 120]);
    expect(Array.from(bytes.subarray(150 * 3))).toEqual([92, 0, 255]);
  });
});
