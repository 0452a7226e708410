import { describe, expect, it } from "vitest";
import { Random } from "../src/random.ts";

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.next());

describe("Random numbers", () => {
  it("are those of the authors' xoshiro128starstar.c", () => {
    // By that program, compiled by hand, from the state 1, 2, 3, 4.
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(draw(new Random([1, 2, 3, 4]), 10).map((value) => value * 2 ** 32)).toEqual(expected);
  });

  it("go on from a state that JSON has kept", () => {
    const random = Random.seeded(304);
    draw(random, 1000);
    const copy = new Random(JSON.parse(JSON.stringify(random.state)));
    expect(draw(copy, 100)).toEqual(draw(random, 100));
    expect(random.state.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
  });

  it("follow from their seed, the order of its numbers included", () => {
    expect(draw(Random.seeded(304, 1, 2), 10)).toEqual(draw(Random.seeded(304, 1, 2), 10));
    const seeds = [[304], [305], [304, 0], [304, 1], [304, 1, 0], [304, 0, 1], [3041], [30, 41], [-304], [3.04]];
    expect(new Set(seeds.map((seed) => Random.seeded(...seed).next())).size).toBe(seeds.length);
  });

  it("are spread evenly over [0, 1)", () => {
    const counts = new Float64Array(100);
    const random = Random.seeded(1);
    for (let i = 0; i < 1_000_000; i++) counts[Math.floor(random.next() * 100)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 99 degrees of freedom: one sequence in 10 000 is below 52, one above 160.
    expect(chiSquare).toBeGreaterThan(52);
    expect(chiSquare).toBeLessThan(160);
  });

  it("cannot start from nothing but zeros", () => {
    expect(() => new Random([0, 0, 0, 0])).toThrow(
      expect.objectContaining({ code: "option", data: { option: "state", received: [0, 0, 0, 0] } }),
    );
  });
});
