import { expect, it } from "vitest";
import { READY_CONVENTIONS, type ReadyConvention } from "../src/label-convention.ts";
import { readyClasses } from "../src/ready-classes.ts";

it("Ready conventions name as many classes as they have, each with a colour of its own", () => {
  for (const [name, { numClasses }] of Object.entries(READY_CONVENTIONS)) {
    const classes = readyClasses(name as ReadyConvention);
    expect(classes?.length, name).toBe(numClasses);
    expect(new Set(classes?.map(({ color }) => String(color))).size).toBe(numClasses ?? 0);
    expect(new Set(classes?.map(({ name }) => name)).size).toBe(numClasses ?? 0);
  }
});

it("The classes of Cityscapes and Pascal VOC have their data sets' colours", () => {
  const [cityscapes, voc] = [readyClasses("cityscapes")!, readyClasses("voc")!];
  const colorOf = (classes: typeof voc, name: string) => classes.find((one) => one.name === name)?.color;
  expect(colorOf(cityscapes, "road")).toEqual([128, 64, 128]);
  expect(colorOf(cityscapes, "sky")).toEqual([70, 130, 180]);
  expect(colorOf(cityscapes, "bicycle")).toEqual([119, 11, 32]);
  expect(colorOf(voc, "aeroplane")).toEqual([128, 0, 0]);
  expect(colorOf(voc, "person")).toEqual([192, 128, 128]);
  expect(colorOf(voc, "TV monitor")).toEqual([0, 64, 128]);
});

it("What is no convention that comes along has no classes, whatever it is called", () => {
  for (const name of ["ade20k", "zero-based", "labels/map.json", "constructor"]) {
    expect(readyClasses(name)).toBeUndefined();
  }
});
