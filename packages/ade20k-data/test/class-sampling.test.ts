import { describe, expect, it } from "vitest";
import { classSampling, drawOfClass } from "../src/class-sampling.ts";

/** Four photos' pixels of four classes, the last of which never occurs. */
const COUNTS = [
  [400, 0, 0, 0],
  [300, 100, 0, 0],
  [0, 148, 48, 0],
  [0, 2, 2, 0],
];

function lehmer(state = 42): () => number {
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

describe("Rare-class sampling", () => {
  // torch.softmax((1 - share) / temperature, 0) of the shares 0.7, 0.25 and 0.05, in float64.
  it.each([
    [1, [0.22302247570677886, 0.34976886628912646, 0.4272086580040947]],
    [0.1, [0.001322473595695708, 0.11904527930521373, 0.8796322470990907]],
    [0.01, [5.900090529436067e-29, 2.0611536181902033e-9, 0.9999999979388463]],
  ])("draws classes by DAFormer's formula at a temperature of %d", (temperature, expected) => {
    const { probabilities, photos } = classSampling(COUNTS, { temperature });
    for (const [c, probability] of expected.entries()) expect(probabilities[c]).toBeCloseTo(probability, 12);
    expect(probabilities[3]).toBe(0);
    expect(photos).toEqual([[0, 1], [1, 2, 3], [2, 3], []]);
  });

  it("passes over photos that hold too little of a class", () => {
    expect(classSampling(COUNTS, { temperature: 1, minPixels: 40 }).photos).toEqual([[0, 1], [1, 2], [2], []]);
    const { probabilities } = classSampling(COUNTS, { temperature: 1, minPixels: 101 });
    expect(probabilities[2]).toBe(0);
    expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it("draws each class as often as it should, and each of its photos alike", () => {
    const sampling = classSampling(COUNTS, { temperature: 1 });
    const random = lehmer();
    const times = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const { wantedClass, index } = drawOfClass(sampling, random);
      const key = `${wantedClass}/${index}`;
      times.set(key, (times.get(key) ?? 0) + 1);
    }
    for (const [c, own] of sampling.photos.entries()) {
      for (const index of own) {
        const share = sampling.probabilities[c]! / own.length;
        // Five standard deviations.
        const bound = 5 * Math.sqrt((share * (1 - share)) / 20_000);
        expect(Math.abs(times.get(`${c}/${index}`)! / 20_000 - share)).toBeLessThan(bound);
      }
    }
    expect(times.size).toBe(7);
  });

  it("refuses what leaves nothing to draw", () => {
    const refused = (option: string, received: unknown) =>
      expect.objectContaining({ code: "option", data: { option, received } });
    expect(() => classSampling(COUNTS, { temperature: 0 })).toThrow(refused("temperature", 0));
    expect(() => classSampling(COUNTS, { temperature: 1, minPixels: 401 })).toThrow(refused("minPixels", 401));
    expect(() => classSampling([[0, 0]], { temperature: 1 })).toThrow(refused("minPixels", 1));
  });
});
