import { describe, expect, it } from "vitest";
import type { OdgtRecord } from "../src/odgt.ts";
import { type BatchPlan, type PlanOptions, planBatches } from "../src/plan-batches.ts";

const record = (name: string, width: number, height: number): OdgtRecord => ({
  imagePath: name,
  labelPath: `${name}.png`,
  width,
  height,
});

/** A poor but known generator: Lehmer's, with Park and Miller's numbers. */
function lehmer(seed = 42): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function take(count: number, records: OdgtRecord[], options: PlanOptions, random = lehmer()): BatchPlan[] {
  const plans = planBatches(records, options, random);
  return Array.from({ length: count }, () => plans.next().value);
}

const names = (plans: BatchPlan[]) => plans.flatMap(({ records }) => records.map(({ imagePath }) => imagePath));
const mixed = Array.from({ length: 24 }, (_, i) => record(String(i), i % 3 === 0 ? 30 : 40, i % 4 === 0 ? 40 : 30));

describe("Planned batches", () => {
  it("hold upright photos, or others, but never both; square ones count among the others", () => {
    for (const { records } of take(200, mixed, { batchSize: 3 })) {
      expect(records).toHaveLength(3);
      expect(new Set(records.map(({ width, height }) => height > width)).size).toBe(1);
    }
  });

  it("show every photo once before any comes again, each time in another order", () => {
    const wide = mixed.map(({ imagePath }) => record(imagePath, 40, 30));
    const drawn = names(take(24, wide, { batchSize: 2 }));
    const sorted = (list: string[]) => [...list].sort();
    const all = sorted(wide.map(({ imagePath }) => imagePath));
    expect(sorted(drawn.slice(0, 24))).toEqual(all);
    expect(sorted(drawn.slice(24))).toEqual(all);
    expect(drawn.slice(24)).not.toEqual(drawn.slice(0, 24));
    expect(drawn.slice(0, 24)).not.toEqual(wide.map(({ imagePath }) => imagePath));
  });

  it("come from lists of upright photos alone, and from lists shorter than a batch", () => {
    const upright = [record("a", 30, 40), record("b", 20, 60), record("c", 1, 2)];
    expect(
      names(take(50, upright, { batchSize: 2 }))
        .sort()
        .at(0),
    ).toBe("a");
    const [first, second] = take(2, upright.slice(0, 1), { batchSize: 4 });
    expect(names([first!, second!])).toEqual(Array(8).fill("a"));
  });

  it("let a lone upright photo wait for the next round", () => {
    const plans = take(40, [record("tall", 30, 40), record("w1", 4, 3), record("w2", 4, 3)], { batchSize: 2 });
    const tall = plans.filter(({ records }) => records[0]!.imagePath === "tall");
    expect(tall.length).toBeGreaterThan(10);
    expect(names(tall)).toEqual(Array(tall.length * 2).fill("tall"));
  });

  it("draw short sides and mirroring evenly, one short side for a batch and one toss for a photo", () => {
    const plans = take(3000, mixed, { batchSize: 2, sizes: [300, 450, 600] });
    for (const size of [300, 450, 600]) {
      const share = plans.filter(({ shortSide }) => shortSide === size).length / 3000;
      // Five standard deviations: √(1/3 · 2/3 / 3000) is 0.0086.
      expect(Math.abs(share - 1 / 3)).toBeLessThan(0.043);
    }
    const flips = plans.flatMap(({ flips }) => flips);
    expect(flips).toHaveLength(6000);
    expect(Math.abs(flips.filter(Boolean).length / 6000 - 0.5)).toBeLessThan(0.033);
    expect(plans.some(({ flips: [a, b] }) => a !== b)).toBe(true);
  });

  it("mirror nothing where that is switched off", () => {
    expect(take(100, mixed, { batchSize: 2, randomFlip: false }).some(({ flips }) => flips.some(Boolean))).toBe(false);
  });

  it("draw photos by their classes, where that is wanted, and say for which", () => {
    const sampling = { probabilities: [0.2, 0.8, 0], photos: [[0, 1, 2], [3], []] };
    const plans = take(2000, mixed, { batchSize: 2, classSampling: sampling, cropSize: [8, 8] });
    const drawn = plans.flatMap(({ records, augmentations }) =>
      records.map(({ imagePath }, i) => `${augmentations![i]!.wantedClass}/${imagePath}`),
    );
    const share = (name: string) => drawn.filter((own) => own === name).length / drawn.length;
    expect(new Set(drawn)).toEqual(new Set(["0/0", "0/1", "0/2", "1/3"]));
    // Five standard deviations: √(0.8 · 0.2 / 4000) is 0.0063.
    expect(Math.abs(share("1/3") - 0.8)).toBeLessThan(0.032);
    for (const { records } of plans) expect(new Set(records.map(({ width, height }) => height > width)).size).toBe(1);
  });

  it("stay the same photos, sizes and mirrorings up to the first number drawn for something else", () => {
    const [plain] = take(1, mixed, { batchSize: 3 });
    const [augmented] = take(1, mixed, { batchSize: 3, cropSize: [8, 8], randomScale: [0.5, 2] });
    const { augmentations, ...rest } = augmented!;
    expect(rest).toEqual(plain);
    expect(augmentations).toHaveLength(3);
  });

  it("depend on nothing but the random numbers", () => {
    const options = { batchSize: 3 };
    expect(take(100, mixed, options)).toEqual(take(100, mixed, options));
    expect(take(100, mixed, options)).not.toEqual(take(100, mixed, options, lehmer(43)));
  });
});
