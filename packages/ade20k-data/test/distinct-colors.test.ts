import { describe, expect, it } from "vitest";
import { distinctColors } from "../src/distinct-colors.ts";

const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));

describe("Distinct colours", () => {
  it("are the same every time and differ from each other, from black and from those taken", () => {
    const taken = [
      [255, 0, 0],
      [120, 120, 120],
    ] as const;
    const colors = distinctColors(60, taken);
    expect(distinctColors(60, taken)).toEqual(colors);
    const all = [[0, 0, 0], ...taken, ...colors];
    for (let i = 0; i < all.length; i++) {
      for (let j = 0; j < i; j++) expect(distance(all[i]!, all[j]!)).toBeGreaterThanOrEqual(30);
    }
  });

  it("suffice for the 255 classes of an 8-bit label file, and say when they do not", () => {
    expect(new Set(distinctColors(255).map(String)).size).toBe(255);
    expect(distinctColors(0)).toEqual([]);
    expect(() => distinctColors(501)).toThrow(expect.objectContaining({ code: "option" }));
  });
});
