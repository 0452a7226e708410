import { readFileSync } from "node:fs";
import { ConfusionMatrix } from "@seg/metrics";
import { recognize } from "../../../packages/onnx/src/inference/recognize.ts";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { type Json, mutateJson, nastyValue } from "../src/mutate-json.ts";
import { NASTY_TEXTS } from "../src/mutate-text.ts";
import type { Random } from "../src/random.ts";

/** A format of values that come as JSON. */
function valueFormat(
  name: string,
  weight: number,
  builders: readonly (readonly [number, string, (random: Random) => Json])[],
  read: (value: never) => string | undefined,
): Format {
  return {
    name,
    weight,
    async prepare(): Promise<Fuzzer> {
      return {
        namesFile: false,
        make: (random) =>
          build(
            random,
            builders.map(([share, kind, make]) => [
              share,
              kind,
              (random) => ({ "value.json": JSON.stringify(make(random)) }),
            ]),
          ),
        read: async (path) => ({ wrong: read(JSON.parse(readFileSync(path, "utf8")) as never) }),
      };
    },
  };
}

const MATRIX: Json = {
  numClasses: 2,
  counts: [
    [5, 1, 0],
    [2, 9, 1],
  ],
};

/** Confusion matrices, as files keep them. */
export const METRICS = valueFormat(
  "metrics",
  3,
  [
    [9, "changed values", (random) => mutateJson(random, MATRIX)],
    [1, "any value", nastyValue],
  ],
  (value) => {
    const { numClasses, counts } = ConfusionMatrix.fromJSON(value).toJSON();
    const isSound = counts.length === numClasses && counts.every((row) => row.length === numClasses + 1);
    return isSound ? undefined : "another number of rows";
  },
);

/** What ONNX Runtime may say of an input or an output, whatever the model declares. */
function declared(random: Random): Json {
  const axis = () => random.pick<Json>([0, 1, 3, 9, 64, -1, 2 ** 31, 2 ** 53, "h", "", ...NASTY_TEXTS]);
  const name = random.pick(["x", ...NASTY_TEXTS, "n".repeat(random.size(100_000))]);
  if (random.oneIn(8)) return { name, isTensor: false };
  const usual = () => random.pick<Json[]>([[1, 3, "h", "w"], ["b", 64, 64, 3], [1, 9, "h", "w"], []]);
  const shape = random.oneIn(2) ? usual() : Array.from({ length: random.size(random.oneIn(9) ? 5000 : 6) }, axis);
  return { name, isTensor: true, type: random.pick(["float32", "float32", "float16", "int64", "string"]), shape };
}

const some = (random: Random) =>
  Array.from({ length: random.pick([0, 1, 1, 1, 2, random.size(2000)]) }, () => declared(random));

/** Inputs and outputs that models declare. The file itself is read by ONNX Runtime alone, for which nothing is promised here. */
export const ONNX = valueFormat(
  "onnx",
  3,
  [[1, "declared shapes", (random) => ({ inputMetadata: some(random), outputMetadata: some(random) })]],
  (value) => {
    const { size, outputs } = recognize(value, "model.onnx", 9);
    return outputs.length === 1 && (size === undefined || size.every((side) => side > 0)) ? undefined : "no size";
  },
);
