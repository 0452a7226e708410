import { describe, expect, it } from "vitest";
import { learningRates } from "../../src/train/learning-rate.ts";

const settings = { lr_encoder: 1, lr_decoder: 2, lr_pow: 0.9, warmup_iters: 0, num_epoch: 20, epoch_iters: 5000 };

/** The factor of both base rates. */
const rateFactor = (iteration: number, schedule: typeof settings) => learningRates(iteration, schedule).encoder;

describe("The learning rate", () => {
  it("follows the original's polynomial", () => {
    // (1 − i / 100000)^0.9, computed by hand with logarithms.
    expect(learningRates(0, settings)).toEqual({ encoder: 1, decoder: 2 });
    expect(rateFactor(50_000, settings)).toBeCloseTo(0.535886731268146, 14);
    expect(rateFactor(99_999, settings)).toBeCloseTo(10 ** -4.5, 14);
  });

  it("rises in equal steps while it warms up, and is the polynomial's from then on", () => {
    const flat = { ...settings, lr_pow: 0, warmup_iters: 4 };
    expect([0, 1, 2, 3, 4, 5].map((iteration) => rateFactor(iteration, flat))).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    const warm = { ...settings, warmup_iters: 10 };
    expect(rateFactor(10, warm)).toBe(rateFactor(10, settings));
    expect(rateFactor(4, warm)).toBeCloseTo(rateFactor(4, settings) / 2, 14);
  });
});
