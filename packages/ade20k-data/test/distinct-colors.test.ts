import { describe, expect, it } from "vitest";
import type { Color } from "../src/classes.ts";
import { distinctColors } from "../src/distinct-colors.ts";
import { ciede2000, labOf } from "./ciede2000.ts";

const apart = (a: readonly number[], b: readonly number[]) => ciede2000(labOf(a), labOf(b));

/** How near the two nearest are. */
function least(colors: readonly Color[], others = colors): number {
  return Math.min(
    ...colors.flatMap((a, i) => (others === colors ? colors.slice(0, i) : others).map((b) => apart(a, b))),
  );
}

describe("Distinct colours", () => {
  it.each([
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, -1.3802, -84.2814], [50, 0, -82.7485], 1.0],
    [[50, 0, 0], [50, -1, 2], 2.3669],
    [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
    [[90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447], 1.4441],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ] as const)("are measured by CIEDE2000, which gives its paper's values: %j and %j", (a, b, difference) => {
    expect(ciede2000(a, b)).toBeCloseTo(difference, 4);
  });

  it("differ from each other, from black and from white, for up to 256 classes", () => {
    const colors = distinctColors(256);
    const limits: [count: number, between: number, fromWhite: number][] = [
      [5, 20, 25],
      [11, 20, 25],
      [20, 12, 20],
      [50, 12, 13],
      [150, 7, 10],
      [256, 6, 10],
    ];
    for (const [count, between, fromWhite] of limits) {
      const first = colors.slice(0, count);
      expect(least(first)).toBeGreaterThan(between);
      expect(least(first, [[255, 255, 255]])).toBeGreaterThan(fromWhite);
      expect(least(first, [[0, 0, 0]])).toBeGreaterThan(15);
    }
  });

  it("of neighbouring indices differ clearly, also half and half with what photos show", () => {
    const grounds = { white: 0xffffff, black: 0, grey: 0x808080, sky: 0x87b4e1, leaves: 0x3c5a28, earth: 0x967859 };
    const colors = distinctColors(256);
    for (const [name, ground] of Object.entries(grounds)) {
      const over = (color: Color) => color.map((v, c) => Math.round((v + ((ground >> (16 - 8 * c)) & 255)) / 2));
      for (let i = 1; i < colors.length; i++) {
        const difference = apart(over(colors[i]!), over(colors[i - 1]!));
        expect(difference, `${i - 1} and ${i} on ${name}`).toBeGreaterThan(i < 21 ? 20 : 9);
      }
    }
  });

  it("are the same every time, begin the same for any number, and keep away from those taken", () => {
    const taken = [
      [255, 0, 0],
      [120, 120, 120],
      [250, 250, 250],
    ] as const;
    const colors = distinctColors(60, taken);
    expect(distinctColors(60, taken)).toEqual(colors);
    expect(distinctColors(7, taken)).toEqual(colors.slice(0, 7));
    expect(least(colors, [...taken])).toBeGreaterThan(8);
  });

  it("suffice for the 255 classes of an 8-bit label file, and say when they do not", () => {
    expect(new Set(distinctColors(500).map(String)).size).toBe(500);
    expect(distinctColors(0)).toEqual([]);
    expect(() => distinctColors(501)).toThrow(expect.objectContaining({ code: "option" }));
  });
});
