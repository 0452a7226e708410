import { readFileSync } from "node:fs";
import { ConfusionMatrix, computeScores } from "@seg/metrics";
import { build, type Format, type Fuzzer } from "../src/format.ts";
import { type Json, mutateJson, nastyValue } from "../src/mutate-json.ts";
import type { Random } from "../src/random.ts";

const MATRIX: Json = {
  numClasses: 2,
  counts: [
    [5, 1, 0],
    [2, 9, 1],
  ],
};

/** Counts of any size, one in some of them none. */
function anyCounts(random: Random): Json {
  const numClasses = random.size(random.oneIn(20) ? 300 : 12);
  const count = () => random.pick([0, 1, random.next(), 2 ** 53 - 1]);
  const counts: Json[][] = Array.from({ length: numClasses }, () => Array.from({ length: numClasses + 1 }, count));
  if (random.oneIn(3)) random.pick(counts)[random.below(numClasses + 1)] = nastyValue(random);
  return { numClasses: random.oneIn(6) ? numClasses + random.pick([-1, 1, 4096]) : numClasses, counts };
}

/** Confusion matrices, as files keep them. */
export const METRICS: Format = {
  name: "metrics",
  weight: 3,
  async prepare(): Promise<Fuzzer> {
    const file = (value: Json) => ({ "value.json": JSON.stringify(value) });
    return {
      sound: [file(MATRIX)],
      // The reader is given what the file holds, and never hears of the file.
      names: [],
      make: (random) =>
        build(random, [
          [5, "changed values", () => file(mutateJson(random, MATRIX))],
          [4, "any counts", () => file(anyCounts(random))],
          [1, "any value", () => file(nastyValue(random))],
        ]),
      async read(path) {
        const matrix = ConfusionMatrix.fromJSON(JSON.parse(readFileSync(path, "utf8")) as never);
        const { numClasses, counts } = matrix.toJSON();
        const isWhole = counts.length === numClasses && counts.every((row) => row.length === numClasses + 1);
        const { meanIou, pixelAccuracy } = computeScores(matrix);
        const isShare = [meanIou, pixelAccuracy].every((score) => Number.isNaN(score) || (score >= 0 && score <= 1));
        return {
          wrong: isWhole && isShare ? undefined : `rows ${counts.length}, scores ${meanIou} and ${pixelAccuracy}`,
        };
      },
    };
  },
};
