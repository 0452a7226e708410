import { isSegError, type SegError } from "@seg/errors";
import { uniform } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { ConfusionMatrix } from "../src/confusion-matrix.ts";
import type { LabelArray } from "../src/labels.ts";
import { computeScores } from "../src/scores.ts";

/** The counts, found the slow way. */
function oracle(numClasses: number, prediction: LabelArray, truth: LabelArray): number[][] {
  const isClass = (label: number) => label >= 0 && label < numClasses;
  const counts = Array.from({ length: numClasses }, () => Array<number>(numClasses + 1).fill(0));
  truth.forEach((label, i) => {
    if (isClass(label)) counts[label]![isClass(prediction[i]!) ? prediction[i]! : numClasses]!++;
  });
  return counts;
}

const labels = (key: string, count: number, numClasses: number) =>
  uniform(key, count, (u) => Math.floor(u * (numClasses + 1)) - 1);

function refusal(act: () => unknown): SegError {
  try {
    act();
  } catch (error) {
    expect(error).toMatchObject({ name: "MetricsError", message: expect.stringMatching(/^Expected .*\.$/) });
    if (isSegError(error)) return error;
  }
  return expect.unreachable("nothing was refused");
}

describe("A confusion matrix", () => {
  const types = [Int8Array, Int16Array, Int32Array, Uint8Array] as const;

  it.each(types.flatMap((P) => types.map((T) => ({ P, T, name: `${P.name} predictions and ${T.name} truths` }))))(
    "counts $name as a slow oracle does",
    ({ P, T }) => {
      // More pixels than a block, and an odd number of them.
      for (const count of [1, 2, 4095, 4097, 10_001]) {
        const prediction = P.from(labels("prediction", count, 20));
        const truth = T.from(labels("truth", count, 20));
        expect(new ConfusionMatrix(20).add(prediction, truth).toJSON().counts).toEqual(oracle(20, prediction, truth));
      }
    },
  );

  it("counts up to 255 classes in unsigned bytes, 255 being ignored", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const matrix = new ConfusionMatrix(255).add(all, all);
    expect(matrix.toJSON().counts).toEqual(oracle(255, all, all));
    expect(matrix.count(254, 254)).toBe(1);
  });

  it("takes 255 for a class where there are more than 255", () => {
    const matrix = new ConfusionMatrix(300).add(Int16Array.of(255, 299, -1), Int16Array.of(255, 255, 299));
    expect([matrix.count(255, 255), matrix.count(255, 299), matrix.count(299, 300)]).toEqual([1, 1, 1]);
  });

  it("is the same from parts merged in any order as from one pass", () => {
    const [prediction, truth] = [Int16Array.from(labels("p", 9000, 150)), Int16Array.from(labels("t", 9000, 150))];
    const whole = new ConfusionMatrix(150).add(prediction, truth);
    const parts = [0, 1234, 5000, 9000].slice(1).map((end, i) => {
      const start = [0, 1234, 5000][i]!;
      return new ConfusionMatrix(150).add(prediction.subarray(start, end), truth.subarray(start, end));
    });
    const merged = (order: number[]) =>
      order.reduce((sum, i) => sum.merge(parts[i]!), new ConfusionMatrix(150)).toJSON();
    expect(merged([0, 1, 2])).toEqual(whole.toJSON());
    expect(merged([2, 0, 1])).toEqual(whole.toJSON());
    const oneByOne = new ConfusionMatrix(150)
      .add(prediction.subarray(0, 77), truth.subarray(0, 77))
      .add(prediction.subarray(77), truth.subarray(77));
    expect(oneByOne.toJSON()).toEqual(whole.toJSON());
  });

  it("survives JSON and structured cloning, with counts up to 2^53", () => {
    const large = {
      numClasses: 2,
      counts: [
        [Number.MAX_SAFE_INTEGER - 1, 3, 0],
        [2 ** 40 + 1, 0, 7],
      ],
    };
    const matrix = ConfusionMatrix.fromJSON(JSON.parse(JSON.stringify(large)));
    expect(matrix.add(Uint8Array.of(0), Uint8Array.of(0)).count(0, 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(ConfusionMatrix.fromJSON(structuredClone(matrix.toJSON())).toJSON()).toEqual(matrix.toJSON());
    expect(JSON.parse(JSON.stringify(matrix))).toEqual(matrix.toJSON());
  });

  it("leaves label maps as they were", () => {
    const [prediction, truth] = [Int16Array.of(1, -1, 0), Uint8Array.of(0, 255, 1)];
    new ConfusionMatrix(2).add(prediction, truth);
    expect([prediction, truth]).toEqual([Int16Array.of(1, -1, 0), Uint8Array.of(0, 255, 1)]);
  });

  it("refuses a label that is no class, names it, and counts nothing of that image", () => {
    const matrix = new ConfusionMatrix(150).add(Uint8Array.of(3), Uint8Array.of(3));
    const before = matrix.toJSON();
    const zeros = new Uint8Array(5000);
    const wrong = Int16Array.from(zeros);
    wrong[4999] = 150;
    expect(refusal(() => matrix.add(zeros, wrong))).toMatchObject({
      code: "bad-label",
      data: { value: 150, numClasses: 150, map: "true", position: 4999 },
    });
    expect(refusal(() => matrix.add(wrong, zeros))).toMatchObject({
      code: "bad-label",
      data: { value: 150, map: "predicted", position: 4999 },
    });
    expect(refusal(() => matrix.add(Int32Array.of(0), Int32Array.of(-2)))).toMatchObject({
      code: "bad-label",
      data: { value: -2, map: "true", position: 0 },
    });
    expect(refusal(() => matrix.add(Int32Array.of(256), Int32Array.of(0)))).toMatchObject({
      code: "bad-label",
      data: { value: 256, map: "predicted" },
    });
    expect(matrix.toJSON()).toEqual(before);
    expect(matrix.add(zeros, zeros).count(0, 0)).toBe(5000);
  });

  it("refuses maps of different sizes, matrices of different classes, and impossible numbers of classes", () => {
    const matrix = new ConfusionMatrix(3);
    expect(refusal(() => matrix.add(new Uint8Array(4), new Uint8Array(6)))).toMatchObject({
      code: "bad-size",
      data: { expected: 6, received: 4 },
    });
    expect(refusal(() => matrix.merge(new ConfusionMatrix(4)))).toMatchObject({
      code: "bad-classes",
      data: { expected: 3, received: 4 },
    });
    expect(refusal(() => matrix.merge(undefined as never))).toMatchObject({ code: "bad-json" });
    expect(refusal(() => computeScores(matrix.toJSON() as never))).toMatchObject({ code: "bad-json" });
    for (const [truth, prediction] of [
      [3, 0],
      [0, 4],
      [-1, 0],
      [0, Number.NaN],
    ] as const) {
      expect(refusal(() => matrix.count(truth, prediction))).toMatchObject({ code: "bad-label" });
    }
    for (const numClasses of [0, -1, 1.5, Number.NaN, 100_000]) {
      const error = refusal(() => new ConfusionMatrix(numClasses));
      expect(error).toMatchObject({ code: "bad-classes", data: { received: numClasses } });
    }
  });

  it("refuses JSON that is not a matrix", () => {
    const bad: unknown[] = [
      null,
      {},
      { numClasses: 2, counts: [[1, 2, 3]] },
      { numClasses: 1, counts: [[1]] },
      { numClasses: 1, counts: [[1, -1]] },
      { numClasses: 1, counts: [[1, 0.5]] },
      { numClasses: 1, counts: [[1, 2 ** 53]] },
    ];
    for (const json of bad)
      expect(refusal(() => ConfusionMatrix.fromJSON(json as never))).toMatchObject({ code: "bad-json" });
  });
});

describe("Labels that are no array of whole numbers", () => {
  it("are refused, and count nothing", () => {
    const matrix = new ConfusionMatrix(2);
    for (const labels of [[0, 1], Float32Array.of(0, 1), BigInt64Array.of(0n, 1n), undefined, "01"]) {
      for (const run of [
        () => matrix.add(labels as never, Uint8Array.of(0, 1)),
        () => matrix.add(Uint8Array.of(0, 1), labels as never),
      ]) {
        expect(run).toThrow(expect.objectContaining({ code: "bad-label", data: { received: expect.any(String) } }));
      }
    }
    expect(matrix.toJSON()).toEqual(new ConfusionMatrix(2).toJSON());
  });
});
