import { describe, expect, it } from "vitest";
import { type AugmentOptions, checkAugmentOptions, drawAugmentation } from "../src/augmentation.ts";

function lehmer(state = 42): () => number {
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const ALL: AugmentOptions = {
  randomScale: [0.5, 2],
  cropSize: [32, 48],
  colorJitter: { brightness: 0.4, contrast: 1.5, saturation: 0.2, hue: 0.1 },
  blur: { probability: 0.5, sigma: [0.1, 2] },
};

const draw = (options: AugmentOptions, count = 4000) => {
  const random = lehmer();
  return Array.from({ length: count }, () => drawAugmentation(options, random));
};

/** Values fill a range evenly: their mean lies within five standard deviations of its middle, and none lies outside. */
function expectUniform(values: number[], least: number, most: number) {
  expect(Math.min(...values)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...values)).toBeLessThan(most);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const bound = (5 * (most - least)) / Math.sqrt(12 * values.length);
  expect(Math.abs(mean - (least + most) / 2)).toBeLessThan(bound);
}

describe("What is drawn for a photo", () => {
  it("lies evenly in the ranges that torchvision's transforms draw from", () => {
    const drawn = draw(ALL);
    expectUniform(
      drawn.map(({ scale }) => scale),
      0.5,
      2,
    );
    for (const axis of [0, 1] as const) {
      expectUniform(
        drawn.map(({ crops }) => crops[0]![axis]),
        0,
        1,
      );
    }
    const by = (of: string) =>
      drawn.map(({ colors }) => colors.find((change) => change.of === of)!).map((change) => change.by);
    expectUniform(by("brightness"), 0.6, 1.4);
    expectUniform(by("contrast"), 0, 2.5);
    expectUniform(by("saturation"), 0.8, 1.2);
    expectUniform(by("hue"), -0.1, 0.1);
    const blurs = drawn.flatMap(({ blur }) => (blur === undefined ? [] : [blur]));
    expectUniform(blurs, 0.1, 2);
    expect(Math.abs(blurs.length / drawn.length - 0.5)).toBeLessThan(0.04);
  });

  it("changes colours in every order alike", () => {
    const orders = new Map<string, number>();
    for (const { colors } of draw(ALL, 24_000)) {
      const order = colors.map(({ of }) => of).join();
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    for (const times of orders.values()) expect(Math.abs(times - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  it("is nothing, and takes no random numbers, where all is off", () => {
    const none = () => {
      throw new Error("a random number was drawn");
    };
    const nothing = { scale: 1, crops: [], colors: [], blur: undefined, wantedClass: undefined };
    expect(drawAugmentation({}, none)).toEqual(nothing);
    expect(drawAugmentation({ catMaxRatio: 0.75, colorJitter: { hue: 0 } }, none)).toEqual(nothing);
  });

  it("takes as many random numbers whatever comes of them", () => {
    for (const options of [ALL, { ...ALL, catMaxRatio: 0.5 }]) {
      const counts = new Set<number>();
      for (let seed = 1; seed < 50; seed++) {
        const random = lehmer(seed);
        let count = 0;
        const counting = () => {
          count++;
          return random();
        };
        drawAugmentation(options, counting);
        counts.add(count);
      }
      expect(counts.size).toBe(1);
    }
  });

  it("has ten more crops to choose from where one may be turned down", () => {
    expect(draw(ALL, 1)[0]!.crops).toHaveLength(1);
    expect(draw({ ...ALL, catMaxRatio: 0.75 }, 1)[0]!.crops).toHaveLength(11);
    expect(drawAugmentation(ALL, lehmer(), 3)).toMatchObject({ wantedClass: 3, crops: { length: 11 } });
  });
});

it.each<[string, AugmentOptions]>([
  ["randomScale", { randomScale: [0, 1] }],
  ["randomScale", { randomScale: [2, 0.5] }],
  ["cropSize[1]", { cropSize: [32, 0.5] }],
  ["catMaxRatio", { catMaxRatio: 1.5 }],
  ["colorJitter.contrast", { colorJitter: { contrast: -1 } }],
  ["colorJitter.hue", { colorJitter: { hue: 0.6 } }],
  ["colour", { colorJitter: { colour: 1 } as object }],
  ["blur.probability", { blur: { probability: Number.NaN, sigma: [1, 1] } }],
  ["blur.sigma", { blur: { probability: 1, sigma: [0, 1] } }],
])("%s out of its range is refused", (option, options) => {
  expect(() => checkAugmentOptions(options)).toThrow(
    expect.objectContaining({ code: "option", data: expect.objectContaining({ option }) }),
  );
});
