import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { READY_CONVENTIONS } from "../src/label-convention.ts";
import { readLabelConvention } from "../src/read-label-convention.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();

async function read(name: string, text: string, numClasses?: number) {
  await writeFile(inFolder(name), text);
  return readLabelConvention(inFolder(name), { ...(numClasses !== undefined && { numClasses }) });
}

const refusal = (name: string, text: string, numClasses?: number) =>
  read(name, text, numClasses).then(
    () => expect.unreachable("it was read"),
    (error) => error,
  );

describe("A file of label values and their classes", () => {
  const VALUES = { values: { 0: 1, 7: 2, 255: 0 } };
  const COLORS = { colors: { "#804080": 1, "#464646": 2, "#000000": 0 } };
  it.each([
    ["JSON", "a.json", '{"0": 1, "7": 2, "255": "ignore"}', VALUES],
    ["YAML", "a.yaml", "0: 1 # background\n7: 2\n-1: ignore\n", VALUES],
    [
      "JSON objects",
      "b.json",
      '[{"value": 0, "class": 1}, {"value": 7, "class": 2}, {"value": 255, "class": null}]',
      VALUES,
    ],
    ["CSV", "a.csv", "id,Value,Class\n1,0,1\n2,7,2\n\n3,255,void\n", VALUES],
    ["CSV with semicolons", "b.csv", "value;class\r\n0;1\r\n7;2\r\n255;ignore\r\n", VALUES],
    ["TSV", "a.tsv", "value\tclass\n0\t1\n7\t2\n255\tignored\n", VALUES],
    ["colours as JSON", "c.json", '{"128,64,128": 1, "#464646": 2, "(0, 0, 0)": "ignore"}', COLORS],
    ["colours as YAML", "c.yaml", '[128, 64, 128]: 1\n70 70 70: 2\n"#000000": ignore\n', COLORS],
    ["colours as CSV", "c.csv", "r,g,b,class\n128,64,128,1\n70,70,70,2\n0,0,0,ignore\n", COLORS],
    ["colours in a column", "d.csv", 'color,class\n#804080,1\n"70,70,70",2\n#000000,ignore\n', COLORS],
  ])("is read from %s", async (_what, name, text, expected) => {
    expect(await read(name, text)).toEqual({ name: inFolder(name), ...expected });
  });

  it("may be a list of names and colours, in the order of the classes", async () => {
    const colors = { "#804080": 1, "#464646": 2 };
    const name = "names.csv";
    expect(await read(name, "name,r,g,b\nroad,128,64,128\nhouse,70,70,70\n")).toEqual({ name: inFolder(name), colors });
    const json = '[{"name": "road", "color": [128, 64, 128]}, {"name": "house", "color": "#464646"}]';
    expect(await read("names.json", json)).toEqual({ name: inFolder("names.json"), colors });
  });

  it("may give a class to all others", async () => {
    expect(await read("others.json", '{"7": 2, "other": 1}')).toMatchObject({ values: { 7: 2 }, others: 1 });
    expect(await read("others.csv", "value,class\n7,1\n*,ignore\n")).toMatchObject({ others: 0 });
  });

  it("counts classes from 1, and says so where 0 could mean the first one or none", async () => {
    const { message, data } = await refusal("zero.yaml", "5: 1\n0: 0\n1: 1\n", 3);
    expect(message).toMatch(/zero.yaml:2: Expected a class from 1 to 3, or `ignore` but received 0: .*add one to each/);
    expect(data).toMatchObject({ file: inFolder("zero.yaml"), line: 2 });
  });

  it("may be the list that CVAT or Roboflow write beside their masks", async () => {
    const cvat = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nroad:128,64,128::\n";
    expect(await read("labelmap.txt", cvat, 2)).toMatchObject({ colors: { "#000000": 1, "#804080": 2 } });
    const roboflow = "Pixel Value, Class\n0, background\n1, road\n";
    expect(await read("_classes.csv", roboflow, 2)).toMatchObject({ values: { 0: 1, 1: 2 } });
  });

  it.each([
    ["a class that there is not", '{"0": 1,\n "1": 12}', 2, /:2: .*class from 1 to 11.*12/],
    ["a class that is no number", '{"0": "road"}', 1, /"road"/],
    ["a negative class", '{"0": -1}', 1, /-1.*ignore/],
    ["a value that there is not", '{"0": 1,\n\n "256": 2}', 3, /0 to 255.*256/],
    ["a colour that there is not", '{"0,0,300": 1}', 1, /0,0,300/],
    ["a value that stands twice", '{"0": 1,\n "0": 2}', 2, /0 stands in line 1 too/],
    ["a colour that stands twice, in two forms", '{"#ffffff": 1,\n "255,255,255": 2}', 2, /#ffffff stands in line 1/],
    ["broken JSON", '{"0": 1,\n "1": ', 2, /JSON or YAML/],
    [
      "a row without a class beside one that has it",
      '[{"value": 1, "class": 1},\n {"value": 2}]',
      2,
      /a class in each row/,
    ],
    ["a row of something else", '[{"name": "sky"}]', 1, /`value`, `color`/],
    ["nothing", "", 1, /at least one/],
    ["a number", "7", 1, /an object/],
  ])("is refused for %s, with its line", async (_what, text, line, message) => {
    const error = await refusal("bad.json", text, 11);
    expect(error).toMatchObject({ name: "DataError", code: "bad-classes", data: { file: inFolder("bad.json"), line } });
    expect(error.message).toMatch(message);
  });
});

describe("A ready label convention", () => {
  it("is had by its name, for its number of classes", async () => {
    expect(await readLabelConvention("voc", { numClasses: 21 })).toBe(READY_CONVENTIONS.voc);
    await expect(readLabelConvention("voc", { numClasses: 150 })).rejects.toThrow(/21 classes.*--num-class 21/);
  });

  it("is guessed where its name is misspelled", async () => {
    await expect(readLabelConvention("zerobased")).rejects.toThrow(/did you mean zero-based\?/);
    await expect(readLabelConvention("none.json")).rejects.toMatchObject({ code: "not-found" });
  });
});
