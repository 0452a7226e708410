import { readClasses, readLabelConvention, readOdgt } from "@seg/ade20k-data";
import {
  hostileClasses,
  hostileConvention,
  hostileList,
} from "../../../packages/ade20k-data/test/support/hostile-text.ts";
import { build, type Format, type Fuzzer, type Reading } from "../src/format.ts";
import { mutateBytes } from "../src/mutate-bytes.ts";
import { type Json, mutateJson, nastyValue } from "../src/mutate-json.ts";
import { mutateText, NASTY_TEXTS, nested } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";

/** Files of several spellings, by extension. */
type Seeds = readonly (readonly [extension: string, text: string])[];

/** A file as the tests of lists make them. */
type Hostile = (random: () => number) => { text: Uint8Array; extension: string };

/** A format of text files: changes of its seeds, and JSON of any shape. */
function textFormat(
  { name, weight, seeds, json, hostile }: { name: string; weight: number; seeds: Seeds; json: Json; hostile: Hostile },
  read: (file: string) => Promise<Reading | undefined>,
): Format {
  return {
    name,
    weight,
    async prepare(): Promise<Fuzzer> {
      const some = (random: Random, change: (text: string) => string | Uint8Array) => {
        const [extension, text] = random.pick(seeds);
        return { [`list.${extension}`]: change(text) };
      };
      const odd = ({ text, extension }: ReturnType<Hostile>) => ({ [`list${extension}`]: text });
      const asJson = (text: string) => ({ [`list.${seeds[0]![0]}`]: text });
      return {
        sound: seeds.map(([extension, text]) => ({ [`list.${extension}`]: text })),
        make: (random) =>
          build(random, [
            [50, "changed text", () => some(random, (text) => mutateText(random, text))],
            [20, "changed bytes", () => some(random, (text) => mutateBytes(random, Buffer.from(text)))],
            [30, "changed values", () => asJson(JSON.stringify(mutateJson(random, json)))],
            [20, "a list with odd values or lines", () => odd(hostile(random.fraction))],
            [3, "any value", () => asJson(JSON.stringify(nastyValue(random)))],
            [3, "nested values", () => asJson(nested(random.size(200_000), random))],
            [
              3,
              "many lines",
              () => some(random, (text) => `${text}\n`.repeat(random.oneIn(10) ? 20_000 : random.size(800))),
            ],
            [3, "one long line", () => some(random, (text) => text.replace(/\w+/, "a".repeat(random.size(1_000_000))))],
            [5, "escapes", () => some(random, (text) => text.replace(/[a-z]{3,}/, () => random.pick(NASTY_TEXTS)))],
          ]),
        read,
      };
    },
  };
}

const RECORD: Json = { fpath_img: "images/a.jpg", fpath_segm: "labels/a.png", width: 640, height: 480 };

/** Lists of photos and labels. */
const ODGT = textFormat(
  {
    name: "odgt",
    weight: 6,
    seeds: [["odgt", `${JSON.stringify(RECORD)}\n${JSON.stringify({ ...(RECORD as object), fpath_img: "b.jpg" })}\n`]],
    json: RECORD,
    hostile: (random) => ({ text: hostileList(random), extension: ".odgt" }),
  },
  async (file) => {
    const records = await readOdgt(file);
    const bad = records.find(
      ({ imagePath, width, height }) => typeof imagePath !== "string" || !(width > 0) || !(height > 0),
    );
    return { bytes: records.length * 500, wrong: bad && `a record ${JSON.stringify(bad).slice(0, 200)}` };
  },
);

const CLASS_SEEDS: Seeds = [
  ["json", '["wall", "sky;heaven", {"name": "tree", "color": [4, 200, 3]}]'],
  ["csv", "name,color\nwall,#787878\nsky,#06e6e6\n"],
  ["csv", "Idx,Ratio,Train,Val,Stuff,Name\n1,0.1576,11664,1172,1,wall\n2,0.1072,6046,612,1,building;edifice\n"],
  ["csv", 'r,g,b,name\n1,2,3,"a, ""b"""\n4,5,6,c\n'],
  ["txt", "wall\nsky\ntree\n"],
  ["txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nsky:1,2,3::\n"],
];

/** Lists of classes. */
const CLASSES = textFormat(
  {
    name: "classes",
    weight: 7,
    seeds: CLASS_SEEDS,
    json: ["wall", { name: "sky", color: [1, 2, 3] }, { name: "tree" }],
    hostile: hostileClasses,
  },
  async (file) => {
    const classes = await readClasses(file);
    const isColor = (color: readonly number[]) =>
      color.length === 3 && color.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
    const bad = classes.find(({ names, color }) => !names.every((name) => typeof name === "string") || !isColor(color));
    return { bytes: classes.length * 500, wrong: bad && `a class ${JSON.stringify(bad).slice(0, 200)}` };
  },
);

const CONVENTION_SEEDS: Seeds = [
  ["json", '{"0": "ignore", "7": 1, "#804080": 2, "128, 64, 0": 3, "other": "ignore"}'],
  ["yaml", "7: 1\n11: 2\n'#804080': 3\n255: ignore\nother: 1\n"],
  ["yaml", "- color: [128, 64, 128]\n  class: 1\n- color: '#ffffff'\n  class: ignore\n"],
  ["csv", "value,class\n0,ignore\n7,1\n8,2\n"],
  ["tsv", "r\tg\tb\tclass\n1\t2\t3\t1\n4\t5\t6\t2\n"],
];

/** What values and colours of labels mean. */
const CONVENTION = textFormat(
  {
    name: "convention",
    weight: 7,
    seeds: CONVENTION_SEEDS,
    json: [
      { value: 7, class: 1 },
      { color: [1, 2, 3], class: 2 },
      { value: 255, class: "ignore" },
    ],
    hostile: hostileConvention,
  },
  async (file) => {
    await readLabelConvention(file);
    return undefined;
  },
);

/** Lists of photos, classes and label values. */
export const LISTS: readonly Format[] = [ODGT, CLASSES, CONVENTION];
