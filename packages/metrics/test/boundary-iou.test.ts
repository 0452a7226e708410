import { uniform } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { BoundaryIou } from "../src/boundary-iou.ts";

type Mask = boolean[];

/** Erosion by a 3×3 square, pixels beyond the image counting as outside. */
function erode(mask: Mask, width: number, height: number): Mask {
  const inside = (x: number, y: number) => x >= 0 && x < width && y >= 0 && y < height && mask[y * width + x]!;
  return mask.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return [-1, 0, 1].every((dy) => [-1, 0, 1].every((dx) => inside(x + dx, y + dy)));
  });
}

/** The paper's recipe, class by class: a mask without its erosion, `distance` times over. */
function oracle(
  numClasses: number,
  prediction: ArrayLike<number>,
  truth: ArrayLike<number>,
  width: number,
  height: number,
  ratio = 0.02,
) {
  const distance = Math.max(1, Math.round(ratio * Math.sqrt(width ** 2 + height ** 2)));
  const band = (mask: Mask) => {
    let eroded = mask;
    for (let i = 0; i < distance; i++) eroded = erode(eroded, width, height);
    return mask.map((inside, i) => inside && !eroded[i]);
  };
  const counted = Array.from(truth, (label) => label >= 0 && label < numClasses);
  return Array.from({ length: numClasses }, (_, c) => {
    const actual = band(Array.from(truth, (label) => label === c));
    const predicted = band(Array.from(prediction, (label, i) => counted[i]! && label === c));
    const intersection = actual.filter((inside, i) => inside && predicted[i]).length;
    const union = actual.filter((inside, i) => inside || predicted[i]).length;
    return { intersection, union };
  });
}

const blobs = (key: string, width: number, height: number, size: number, classes: number) => {
  const values = uniform(key, width * height, (u) => Math.floor(u * (classes + 1)) - 1);
  return Int16Array.from(values, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return values[Math.floor(y / size) * width + Math.floor(x / size)]!;
  });
};

describe("Boundary IoU", () => {
  it.each([
    { width: 40, height: 30, size: 7, ratio: 0.02 },
    { width: 60, height: 45, size: 17, ratio: 0.05 },
    { width: 33, height: 50, size: 50, ratio: 0.1 },
    { width: 23, height: 9, size: 1, ratio: 0.02 },
    { width: 6, height: 5, size: 3, ratio: 0.9 },
    { width: 1, height: 12, size: 4, ratio: 0.02 },
  ])("counts the bands that repeated erosion leaves, on $width×$height", ({ width, height, size, ratio }) => {
    const truth = blobs("truth", width, height, size, 4);
    const noise = uniform("noise", width * height);
    const prediction = truth.map((label, i) => (noise[i]! < 0.03 ? (i % 5) - 1 : label));
    const shifted = blobs("prediction", width, height, size + 1, 4);
    for (const predicted of [prediction, shifted]) {
      const { intersection, union } = new BoundaryIou(4, ratio).add(predicted, truth, width, height).toJSON();
      const expected = oracle(4, predicted, truth, width, height, ratio);
      expect(intersection).toEqual(expected.map(({ intersection }) => intersection));
      expect(union).toEqual(expected.map(({ union }) => union));
    }
  });

  it("is 1 for a perfect map and NaN for classes that do not occur", () => {
    const truth = blobs("truth", 40, 30, 9, 3);
    const boundary = new BoundaryIou(5).add(truth, truth, 40, 30);
    expect(boundary.classes).toEqual([1, 1, 1, Number.NaN, Number.NaN]);
    expect(boundary.mean).toBe(1);
    expect(
      new BoundaryIou(5).add(
        truth,
        truth.map(() => -1),
        40,
        30,
      ).mean,
    ).toBe(Number.NaN);
  });

  it("tells a blunt outline apart better than plain IoU does", () => {
    const square = (margin: number) =>
      Uint8Array.from({ length: 10_000 }, (_, i) => {
        const [x, y] = [i % 100, Math.floor(i / 100)];
        return Math.min(x, y, 99 - x, 99 - y) >= margin ? 1 : 0;
      });
    // IoU is 58²/60² = 0.93; of the 3 pixels wide bands two thirds overlap in each.
    const [, iou] = new BoundaryIou(2).add(square(21), square(20), 100, 100).classes;
    const ring = (outer: number, inner: number) => outer ** 2 - inner ** 2;
    expect(iou).toBeCloseTo(ring(58, 54) / (ring(60, 54) + ring(54, 52)), 12);
  });

  it("is the same from merged parts, and survives JSON", () => {
    const images = ["a", "b", "c"].map((key) => [blobs(key, 30, 20, 5, 6), blobs(`${key}'`, 30, 20, 6, 6)] as const);
    const whole = new BoundaryIou(6);
    for (const [prediction, truth] of images) whole.add(prediction, truth, 30, 20);
    const merged = new BoundaryIou(6);
    for (const [prediction, truth] of images) {
      merged.merge(BoundaryIou.fromJSON(JSON.parse(JSON.stringify(new BoundaryIou(6).add(prediction, truth, 30, 20)))));
    }
    expect(merged.toJSON()).toEqual(whole.toJSON());
  });

  it("refuses what does not fit", () => {
    const boundary = new BoundaryIou(3);
    const map = new Uint8Array(6);
    expect(() => boundary.add(map, map, 2, 2)).toThrow(
      expect.objectContaining({ code: "bad-size", data: { expected: 4, received: 6 } }),
    );
    expect(() => boundary.add(new Uint8Array(5), map, 2, 3)).toThrow(
      expect.objectContaining({ code: "bad-size", data: { expected: 6, received: 5 } }),
    );
    expect(() => boundary.add(map, Uint8Array.of(0, 1, 2, 3, 0, 0), 2, 3)).toThrow(
      expect.objectContaining({ code: "bad-label", data: { value: 3, numClasses: 3, map: "true", position: 3 } }),
    );
    for (const [width, height] of [
      [-2, -3],
      [1.5, 4],
      [Number.NaN, 3],
    ] as const) {
      expect(() => boundary.add(map, map, width, height)).toThrow(expect.objectContaining({ code: "bad-size" }));
    }
    for (const ratio of [0, -1, 2, Number.NaN]) {
      expect(() => new BoundaryIou(3, ratio)).toThrow(expect.objectContaining({ code: "bad-size" }));
    }
    expect(() => boundary.merge(undefined as never)).toThrow(expect.objectContaining({ code: "bad-json" }));
    expect(() => boundary.merge(new BoundaryIou(3, 0.05))).toThrow(
      expect.objectContaining({
        code: "bad-classes",
        data: { expected: 3, received: 3, expectedRatio: 0.02, receivedRatio: 0.05 },
      }),
    );
    expect(() => BoundaryIou.fromJSON({ numClasses: 2, ratio: 0.02, intersection: [1], union: [1, 2] })).toThrow(
      expect.objectContaining({ code: "bad-json" }),
    );
    expect(boundary.toJSON()).toEqual(new BoundaryIou(3).toJSON());
  });
});
