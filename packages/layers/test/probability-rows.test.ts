import { uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { LayersError, probabilityRows, type ScoreMap } from "../src/index.ts";

beforeAll(() => tf.setBackend("cpu"));

function madeUp(key: string, [height, width, classes]: [number, number, number], flipped = false): ScoreMap {
  const data = Float32Array.from(uniform(key, height * width * classes, (u) => (u - 0.5) * 12));
  return { data, height, width, classes, flipped };
}

/** What TensorFlow.js's own resizing and softmax give. */
function expected(maps: readonly ScoreMap[], size: [number, number]): Float32Array {
  return tf.tidy(() => {
    const each = maps.map(({ data, height, width, classes, flipped }) => {
      const map = tf.tensor4d(data, [1, height, width, classes]);
      const turned = flipped ? tf.reverse(map, 2) : map;
      return tf.softmax(tf.image.resizeBilinear(turned as tf.Tensor4D, size, false, true));
    });
    return tf.addN(each).div(maps.length).dataSync() as Float32Array;
  });
}

const flat = (rows: Iterable<Float32Array>) => Float32Array.from([...rows].flatMap((row) => [...row]));

describe("Probabilities, row by row, are those of resizing, softmax and mean in TensorFlow.js", () => {
  const cases: [string, ScoreMap[], [number, number]][] = [
    ["one map", [madeUp("one", [5, 7, 6])], [31, 40]],
    ["several scales and a mirror image", [madeUp("a", [4, 6, 5]), madeUp("b", [7, 9, 5], true)], [23, 37]],
    ["one score", [madeUp("single", [1, 1, 3])], [4, 5]],
    ["fewer pixels than scores", [madeUp("fewer", [9, 8, 4])], [3, 2]],
    ["one class", [madeUp("class", [3, 3, 1])], [6, 6]],
  ];
  it.each(cases)("%s", (_title, maps, size) => {
    const values = flat(probabilityRows(maps, size));
    const truth = expected(maps, size);
    expect(values.length).toBe(truth.length);
    expect(Math.max(...values.map((value, i) => Math.abs(value - truth[i]!)))).toBeLessThan(1e-5);
  });
});

it("Probabilities come when they are asked for, and what is wrong before the first row", () => {
  const [first] = probabilityRows([madeUp("large", [60, 80, 150])], [100_000, 3]);
  expect(first!.length).toBe(3 * 150);
  const map = madeUp("bad", [2, 2, 2]);
  map.data[3] = Number.NaN;
  expect(() => probabilityRows([map], [4, 4])).toThrow(LayersError);
  expect(() => probabilityRows([], [4, 4])).toThrow(LayersError);
  expect(() => probabilityRows([madeUp("size", [2, 2, 2])], [0, 4])).toThrow(LayersError);
});
