import { readFileSync } from "node:fs";
import { describeEngines, expectLabels, thrown, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { LayersError, labelsOf, type ScoreMap } from "../src/index.ts";

/** A map of numbers that depend on `key` alone, each passed through `value`. */
function madeUp(
  key: string,
  [height, width, classes]: [number, number, number],
  value: (u: number) => number = (u) => (u - 0.5) * 8,
): ScoreMap {
  return { data: Float32Array.from(uniform(key, height * width * classes, value)), height, width, classes };
}

/** Regions in which one class is clearly ahead, as a photo's scores are: waves of different lengths, less the class's height. */
function smooth(key: string, [height, width, classes]: [number, number, number], contrast = 12): ScoreMap {
  const parts = uniform(key, classes * 4);
  const data = Float32Array.from({ length: height * width * classes }, (_, i) => {
    const c = i % classes;
    const x = Math.floor(i / classes) % width;
    const y = Math.floor(i / (classes * width));
    const [a, b, p, q] = parts.subarray(4 * c, 4 * c + 4) as unknown as [number, number, number, number];
    return contrast * (Math.sin((7 * a * x) / width + 6 * p) * Math.cos((7 * b * y) / height + 6 * q));
  });
  return { data, height, width, classes };
}

/** The same image seen in a mirror. */
function mirrored({ data, height, width, classes }: ScoreMap): ScoreMap {
  const other = new Float32Array(data.length);
  for (let i = 0; i < height * width; i++) {
    const column = i % width;
    other.set(data.subarray(i * classes, (i + 1) * classes), (i - column + (width - 1 - column)) * classes);
  }
  return { data: other, height, width, classes, flipped: true };
}

/** Small whole numbers: ties everywhere. */
const ties = (u: number) => Math.floor(u * 3);

const shapes: [title: string, [number, number, number], [number, number]][] = [
  ["1 × 1 scores", [1, 1, 5], [7, 9]],
  ["1 × n scores", [1, 6, 5], [9, 31]],
  ["n × 1 scores", [6, 1, 5], [31, 9]],
  ["one pixel", [6, 6, 5], [1, 1]],
  ["one row of pixels", [6, 6, 5], [1, 40]],
  ["fewer pixels than scores", [24, 28, 7], [5, 6]],
  ["as many pixels as scores", [9, 12, 7], [9, 12]],
  ["many pixels a score", [3, 4, 6], [90, 121]],
  ["two classes", [9, 7, 2], [50, 61]],
  ["one class", [4, 5, 1], [20, 20]],
  ["150 classes", [7, 9, 150], [41, 50]],
  ["255 classes", [6, 5, 255], [33, 30]],
];

describe("labels of one map are those of a slow float64 argmax over the whole image", () => {
  for (const [title, shape, size] of shapes) {
    it(`for ${title}: random scores, ties, regions, in a mirror`, () => {
      for (const map of [madeUp(title, shape), madeUp(title, shape, ties), smooth(title, shape)]) {
        expectLabels(labelsOf([map], size), [map], size);
        expectLabels(labelsOf([mirrored(map)], size), [map], size);
      }
    });
  }
});

describe("labels of several maps are those of a slow float64 softmax, mean and argmax over the whole image", () => {
  for (const [title, [height, width, classes], size] of shapes) {
    it(`for ${title}: random scores, ties, regions, mirror images`, () => {
      const larger: [number, number, number] = [height + 2, Math.ceil(width * 1.4), classes];
      const makers = [madeUp, (key: string, shape: typeof larger) => madeUp(key, shape, ties), smooth];
      for (const make of makers) {
        const maps = [make(`${title}.a`, [height, width, classes]), make(`${title}.b`, larger)];
        const all = [...maps, mirrored(make(`${title}.c`, [height, width, classes])), mirrored(maps[1]!)];
        expectLabels(labelsOf(maps, size), maps, size);
        expectLabels(labelsOf(all, size), all, size);
      }
    });
  }

  it("where the scales nearly agree, as those of a photo do", () => {
    const size = [120, 150] as const;
    for (const contrast of [3, 12, 60]) {
      const maps = [8, 11, 14, 17].map((side) => {
        const map = smooth("scales", [side, side + 3, 40], contrast);
        const noise = uniform(`noise ${side}`, map.data.length, (u) => (u - 0.5) * 2);
        return { ...map, data: map.data.map((score, i) => score + noise[i]!) };
      });
      expectLabels(labelsOf(maps, size), maps, size);
    }
  });

  it("where scores are far apart or large", () => {
    const size = [40, 44] as const;
    for (const [scale, offset] of [
      [50, 0],
      [2000, 0],
      [1e30, 0],
      [4, 3000],
      [4, -3e6],
    ] as const) {
      const value = (u: number) => (u - 0.5) * scale + offset;
      const maps = [madeUp("far a", [6, 7, 9], value), madeUp("far b", [8, 5, 9], value)];
      expectLabels(labelsOf(maps, size), maps, size);
    }
  });

  it("where all but a few classes are ruled out by -1e9", () => {
    const size = [40, 44] as const;
    const maps = ["a", "b", "c"].map((key, i) => {
      const map = madeUp(key, [6 + i, 7, 30]);
      return { ...map, data: map.data.map((score, j) => (j % 30 < 27 ? -1e9 : score)) };
    });
    expectLabels(labelsOf(maps, size), maps, size);
    expect(Math.min(...labelsOf(maps, size))).toBe(27);
  });
});

describe("labels", () => {
  it("of equal classes are the lowest", () => {
    // Twice the size: weights of quarters, and whole numbers, so that nothing is rounded.
    const map = madeUp("whole", [9, 11, 6], ties);
    const size = [18, 22] as const;
    expect(expectLabels(labelsOf([map], size), [map], size)).toBe(0);
    const same = { ...map, data: new Float32Array(map.data.length).fill(2) };
    for (const maps of [[same], [same, same], [same, mirrored(same)]]) {
      expect(new Set(labelsOf(maps, [31, 40]))).toEqual(new Set([0]));
    }
    // Each class twice: the second of a pair never wins.
    const twice = madeUp("twice", [9, 11, 6]);
    twice.data.forEach((_, i) => {
      if (i % 2 === 1) twice.data[i] = twice.data[i - 1]!;
    });
    for (const maps of [[twice], [twice, smooth("other", [7, 8, 6])].slice(0, 1), [twice, twice, mirrored(twice)]]) {
      expect([...new Set(labelsOf(maps, [50, 61]))].filter((label) => label % 2 === 1)).toEqual([]);
    }
  });

  it("are bytes for up to 256 classes", () => {
    const map = (classes: number) => {
      const data = new Float32Array(classes);
      data[classes - 1] = 1;
      return { data, height: 1, width: 1, classes };
    };
    expect(labelsOf([map(256)], [1, 2])).toEqual(Uint8Array.of(255, 255));
    expect(labelsOf([map(257)], [1, 2])).toEqual(Int32Array.of(256, 256));
    expect(labelsOf([map(257), map(257)], [1, 2])).toEqual(Int32Array.of(256, 256));
  });

  it("leave the scores as they are", () => {
    const maps = [smooth("a", [5, 6, 7]), mirrored(smooth("b", [6, 7, 7]))];
    const before = maps.map(({ data }) => data.slice());
    labelsOf(maps, [40, 50]);
    expect(maps.map(({ data }) => data)).toEqual(before);
  });

  it("are refused for maps that are none, or that do not belong together", () => {
    const map = madeUp("a", [2, 2, 3]);
    const cases: [unknown, string, RegExp][] = [
      [[], "shape", /at least one score map/],
      [[map, madeUp("b", [2, 2, 4])], "shape", /score maps \[height, width, 3\] but received \[2, 2, 4\]/],
      [[{ ...map, height: 3 }], "shape", /18 scores for a map \[3, 2, 3\] but received 12/],
      [[{ ...map, height: 0, data: new Float32Array() }], "shape", /positive sides but received \[0, 2, 3\]/],
      [[{ ...map, width: 2.5 }], "shape", /whole, positive sides/],
      [map, "shape", /received no array: put a single map into one/],
      [undefined, "shape", /received no array/],
      [[map, undefined], "shape", /data as a Float32Array but received none/],
      [[{ ...map, data: new Float64Array(12) }], "shape", /a Float32Array but received Float64Array/],
    ];
    for (const [maps, code, message] of cases) {
      const error = thrown<LayersError>(() => labelsOf(maps as ScoreMap[], [4, 4]));
      expect(error).toBeInstanceOf(LayersError);
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    }
    for (const size of [
      [0, 4],
      [4, 1.5],
      [4, Number.NaN],
    ] as const) {
      expect(thrown<LayersError>(() => labelsOf([map], size))).toMatchObject({ code: "option" });
    }
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const broken = { ...map, data: map.data.slice() };
      broken.data[7] = wrong;
      const error = thrown<LayersError>(() => labelsOf([map, broken], [4, 4]));
      expect(error).toMatchObject({ code: "value" });
      expect(error.message).toContain(`received ${wrong} for class 1`);
    }
  });

  it("need no TensorFlow.js", () => {
    const seen = new Set<string>();
    const visit = (file: URL) => {
      if (seen.has(file.href)) return;
      seen.add(file.href);
      const source = readFileSync(file, "utf8");
      for (const [statement, from] of source.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)";/gms)) {
        if (/^(import|export) type\b/.test(statement)) continue;
        // It runs in browsers, and stands on nothing but a spelling distance.
        if (from === "@seg/errors") continue;
        expect(from, `${file.pathname} imports`).toMatch(/^\.\.?\//);
        visit(new URL(from!, file));
      }
    };
    visit(new URL("../src/labels/index.ts", import.meta.url));
    expect([...seen].filter((file) => file.includes("/labels/")).length).toBeGreaterThan(5);
  });
});

describeEngines("labels", () => {
  it("are an engine's own resize and argmax, up to the engine's rounding", () => {
    const size: [number, number] = [96, 130];
    const map = smooth("engine", [12, 16, 20]);
    const labels = tf.tidy(() => {
      const scores = tf.tensor4d(map.data, [1, map.height, map.width, map.classes]);
      return tf.argMax(tf.image.resizeBilinear(scores, size, false, true), 3).dataSync();
    });
    const ours = labelsOf([map], size);
    // Both differ from float64 by roundings only; so do they from each other.
    expectLabels(labels, [map], size, 16);
    expectLabels(ours, [map], size);
    expect(Array.from(labels).filter((label, i) => label !== ours[i]).length).toBeLessThan(5);
  });
});
