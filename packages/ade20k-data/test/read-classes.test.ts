import { writeFile } from "node:fs/promises";
import { shared, unlessShared } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { readClasses } from "../src/read-classes.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const inFolder = temporaryFolder();

async function read(name: string, text: string) {
  await writeFile(inFolder(name), text);
  return readClasses(inFolder(name));
}

async function refusal(name: string, text: string): Promise<string> {
  const error = await read(name, text).then(
    () => expect.unreachable("the classes were read"),
    (error) => error,
  );
  expect(error).toMatchObject({ name: "DataError", code: "bad-classes" });
  return error.message;
}

describe("A data set's own classes", () => {
  it("are an array of names in JSON, with colours made for them", async () => {
    const classes = await read("classes.json", '["sky", "road; street", "tree"]');
    expect(classes.map(({ index, name, names }) => ({ index, name, names }))).toEqual([
      { index: 0, name: "sky", names: ["sky"] },
      { index: 1, name: "road", names: ["road", "street"] },
      { index: 2, name: "tree", names: ["tree"] },
    ]);
    expect(new Set(classes.map(({ color }) => String(color))).size).toBe(3);
  });

  it("may name their colours, as numbers or #rrggbb", async () => {
    const classes = await read(
      "classes.json",
      '[{"name": "sky", "color": [70, 130, 180]}, {"name": "road", "color": "#804080"}, "tree"]',
    );
    expect(classes.slice(0, 2).map(({ color }) => color)).toEqual([
      [70, 130, 180],
      [128, 64, 128],
    ]);
    expect(classes[2]!.color).not.toEqual([70, 130, 180]);
  });

  it("are lines of CSV under a header, with quotes, colours and Windows line ends", async () => {
    expect(
      (await read("a.csv", '\uFEFFName,color\r\nsky,#4682b4\r\n"wall, brick",\r\n"the ""blue"" one",#0000ff\r\n')).map(
        ({ name }) => name,
      ),
    ).toEqual(["sky", "wall, brick", 'the "blue" one']);
    expect(
      (await read("b.csv", "id,name,r,g,b\n1,sky,70,130,180\n\n2,road,0,0,9\n")).map(({ color }) => color),
    ).toEqual([
      [70, 130, 180],
      [0, 0, 9],
    ]);
  });

  it("are lines of text, a name each, or with the colours that CVAT writes", async () => {
    expect((await read("names.txt", "sky\r\n\nroad; street\n")).map(({ names }) => names)).toEqual([
      ["sky"],
      ["road", "street"],
    ]);
    const cvat = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nroad:128,64,128::\n";
    expect(await read("labelmap.txt", cvat)).toMatchObject([
      { name: "background", color: [0, 0, 0] },
      { name: "road", color: [128, 64, 128] },
    ]);
    expect(await refusal("broken.txt", "# label:color_rgb:\nroad:1,2")).toMatch(/broken.txt:2: .*colour/);
  });

  it("are YAML, or a table divided by tabs or semicolons, as files of label values may be", async () => {
    const expected = [
      { name: "wall, brick", color: [70, 130, 180] },
      { name: "road", names: ["road", "street"] },
    ];
    const yaml = '# mine\n- {name: "wall, brick", color: "#4682b4"}\n- road; street\n';
    expect(await read("a.yaml", yaml)).toMatchObject(expected);
    expect(await read("a.yml", "[{name: 'wall, brick', color: [70, 130, 180]}, road;street]")).toMatchObject(expected);
    expect(await read("a.json", '["wall, brick", "road",]')).toHaveLength(2);
    expect(await read("a.tsv", "name\tcolor\nwall, brick\t#4682b4\nroad;street\t\n")).toMatchObject(expected);
    expect(await read("a.tsv", "name\nwall, brick\nroad\n")).toMatchObject([{ name: "wall, brick" }, { name: "road" }]);
    expect(await read("a.csv", 'name;r;g;b\n"wall; brick";70;130;180\nroad;1;2;3\n')).toMatchObject([
      { names: ["wall", "brick"], color: [70, 130, 180] },
      { name: "road", color: [1, 2, 3] },
    ]);
    const cvat = "# label:color_rgb:parts:actions\nroad:128,64,128::\n";
    expect(await read("labels", cvat)).toMatchObject([{ name: "road", color: [128, 64, 128] }]);
  });

  it("are at most 255 in every form", async () => {
    const names = Array.from({ length: 256 }, (_, i) => `class ${i}`);
    for (const [name, text] of [
      ["a.json", JSON.stringify(names)],
      ["a.yaml", names.map((name) => `- ${name}\n`).join("")],
      ["a.tsv", `name\n${names.join("\n")}`],
      ["a.txt", names.join("\n")],
    ] as const) {
      expect(await refusal(name, text)).toMatch(/Expected at most 255 classes.* received 256/);
    }
  });

  it.each<[string, number]>([
    ['["sky", x y z, {]', 1],
    ['[\n"sky",\n"road"', 3],
    ['[\n"sky"\n"road",\n"tree"]', 3],
    ['[\n{"name": "sky"},\n{"name" "road"}\n]', 3],
    ["[\n'sky',\n]]", 3],
    ['[\n"sky', 2],
  ])("with a syntax error, %j, are refused with its line, in no engine's words", async (text, line) => {
    for (const name of ["a.json", "a.yaml", "a"]) {
      const message = await refusal(name, text);
      expect(message).toContain(`${inFolder(name)}:${line}: Expected a list of classes but `);
      expect(message).not.toMatch(/JSON\.parse|Unexpected token|position \d/);
    }
  });

  it("may be called class or label in CSV, as other tools do", async () => {
    const classes = await read("_classes.csv", "Pixel Value, Class\n0, background\n1, road\n");
    expect(classes.map(({ name }) => name)).toEqual(["background", "road"]);
  });

  it("may stand in the benchmark's own table", async () => {
    const classes = await read(
      "object150_info.csv",
      "Idx,Ratio,Train,Val,Stuff,Name\n1,0.1576,11664,1172,1,wall\n2,0.1072,6046,612,1,building;edifice\n",
    );
    expect(classes.map(({ name }) => name)).toEqual(["wall", "building"]);
  });

  it.skipIf(!shared("data/camvid/classes.json"))(`of CamVid are read${unlessShared}`, async () => {
    const classes = await readClasses(shared("data/camvid/classes.json")!);
    expect(classes.map(({ name }) => name)).toEqual([
      "sky",
      "building",
      "pole",
      "road",
      "pavement",
      "tree",
      "sign",
      "fence",
      "car",
      "pedestrian",
      "bicyclist",
    ]);
  });

  it("are refused with the file and the line or entry that is wrong", async () => {
    expect(await refusal("a.json", '[\n  "sky",\n  "road"\n  "tree"\n]')).toMatch(/a\.json:4: /);
    expect(await refusal("a.json", '{"sky": 1}')).toMatch(/a\.json: Expected an array of classes/);
    expect(await refusal("a.json", "[]")).toMatch(/a\.json: Expected at least one class/);
    expect(await refusal("a.json", '["sky", 7]')).toMatch(/a\.json, entry 2: .* received 7/);
    expect(await refusal("a.json", '["sky", "sky"]')).toMatch(/a\.json, entry 2: .*"sky".*entry 1/);
    expect(await refusal("a.json", '[{"name": "sky", "color": [1, 2, 256]}]')).toMatch(
      /a\.json, entry 1: .*\[1,2,256\]/,
    );
    expect(await refusal("a.csv", "sky\nroad\n")).toMatch(/a\.csv:1: .*header/);
    expect(await refusal("a.csv", "name,color\nsky,#4682b4\n\nroad,blue\n")).toMatch(/a\.csv:4: .*"blue"/);
    expect(await refusal("a.csv", "name,color\nsky\n")).toMatch(/a\.csv:2: Expected 2 columns but received 1/);
    expect(await refusal("a.csv", "name,r,g,b\nsky,1,,3\n")).toMatch(/a\.csv:2: /);
    expect(await refusal("a.csv", "")).toMatch(/a\.csv: /);
  });

  it("are refused when the file is missing", async () => {
    await expect(readClasses(inFolder("none.csv"))).rejects.toMatchObject({ code: "not-found" });
  });
});
