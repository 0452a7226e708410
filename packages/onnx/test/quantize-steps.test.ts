import { uniform } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { biasScales, biasSteps, filterScales, filterSteps, stepsOf } from "../src/quantize/steps.ts";

describe("steps of a range", () => {
  it.each([
    ["around zero", [-1.5, 2.25]],
    ["above zero, which is widened down to it", [3, 7]],
    ["below zero, which is widened up to it", [-7, -3]],
    ["of one positive value", [2, 2]],
    ["of one negative value", [-2, -2]],
    ["far from symmetric", [-1e-3, 1e3]],
    ["of very small values", [-1e-20, 3e-20]],
    ["of very large values", [-1e30, 1e30]],
  ] as const)("hold zero exactly and every value %s within half a step.", (_, [min, max]) => {
    const { scale, zeroPoint } = stepsOf([min, max]);
    expect(Math.fround(scale)).toBe(scale);
    expect(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= 255).toBe(true);
    for (let i = 0; i <= 1000; i++) {
      const value = min + (i / 1000) * (max - min);
      const byte = Math.min(255, Math.max(0, Math.round(value / scale) + zeroPoint));
      // At the ends, the zero point's own rounding comes on top of the value's.
      const bound = value === min || value === max ? 1 : 0.5;
      expect(Math.abs(scale * (byte - zeroPoint) - value) / scale).toBeLessThanOrEqual(bound + 1e-4);
    }
  });

  it.each([
    [0, 0],
    [-1e-45, 1e-45],
  ])("of nothing but zeros, [%f, %f], have a finite scale.", (min, max) => {
    expect(stepsOf([min, max])).toEqual({ scale: 1, zeroPoint: 0 });
  });
});

describe("steps of filters", () => {
  const [outputs, size] = [7, 45];
  /** Channels of very different weights, one of zeros. */
  const filter = Float32Array.from(
    uniform("filter", outputs * size, (u) => 2 * u - 1),
    (value, i) => value * [1, 1e-3, 20, 0, 1e-8, 3, 1e4][Math.floor(i / size)]!,
  );

  it.each([127, 64])("of at most %i come back within half a step of the channel's own.", (largest) => {
    const scales = filterScales(filter, outputs, { largest, inputScale: 0.02 });
    const steps = filterSteps(filter, scales);
    for (let o = 0; o < outputs; o++) {
      const own = Array.from(filter.subarray(o * size, (o + 1) * size));
      const whole = Array.from(steps.subarray(o * size, (o + 1) * size));
      expect(Math.max(...whole.map(Math.abs))).toBe(o === 3 ? 0 : largest);
      const most = Math.max(...own.map(Math.abs));
      for (const [i, value] of own.entries()) {
        expect(Math.abs(whole[i]! * scales[o]! - value)).toBeLessThanOrEqual((0.5 * most * (1 + 1e-5)) / largest);
      }
    }
  });

  it("leave each bias within half a step, and room in 32 bits, beside weights of zero and weights that vanish beside it.", () => {
    const bias = Float32Array.of(0.5, -0.25, 100, 1, 5, 0, -1e-3);
    const inputScale = 0.02;
    const scales = filterScales(filter, outputs, { largest: 127, inputScale, bias });
    const ofBias = biasScales(scales, inputScale);
    const whole = biasSteps(bias, ofBias);
    for (const [o, value] of bias.entries()) {
      expect(Math.abs(whole[o]!)).toBeLessThanOrEqual(2 ** 30 * (1 + 1e-6));
      expect(Math.abs(whole[o]! * ofBias[o]! - value)).toBeLessThanOrEqual(0.5 * ofBias[o]! + 1e-6 * Math.abs(value));
      // Where there is little but the bias, it is exact.
      if (o === 3 || o === 4) expect(Math.abs(whole[o]! * ofBias[o]! - value) / value).toBeLessThanOrEqual(1e-6);
    }
  });

  it("of zeros with a bias of zero, or none, are zeros of a finite scale.", () => {
    for (const bias of [new Float32Array(1), undefined]) {
      const scales = filterScales(new Float32Array(9), 1, { largest: 127, inputScale: 1e-30, bias });
      expect(scales[0]).toBe(1);
      expect([...filterSteps(new Float32Array(9), scales)]).toEqual(Array(9).fill(0));
    }
  });
});
