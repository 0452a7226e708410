import { uniform } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { mergeStatistics, type Statistics } from "../src/statistics.ts";
import { replicas } from "./replicas.ts";
import { expectClose } from "./values.ts";

const statistics = (count: number, mean: number[], centredSquares: number[]): Statistics => ({
  count,
  mean: Float64Array.from(mean),
  centredSquares: Float64Array.from(centredSquares),
});

const merge = (parts: Statistics[]) => replicas(parts.length, (group, rank) => mergeStatistics(group, parts[rank]!));

/** The statistics of one channel, by two passes. */
function ofValues(values: number[]): Statistics {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
  return statistics(values.length, [mean], [values.reduce((sum, value) => sum + (value - mean) ** 2, 0)]);
}

describe("merged statistics", () => {
  it("are those of all values, however unequal the parts, and empty ones among them", () => {
    const values = Array.from(uniform("values", 60, (u) => 100 + 3 * u));
    const parts = [values.slice(0, 1), [], values.slice(1, 50), values.slice(50), []].map(ofValues);
    const { results, calls } = merge(parts);
    const { count, mean, centredSquares } = ofValues(values);
    expect(calls).toEqual({ allGather: 1 });
    for (const merged of results) {
      expect(merged).toEqual(results[0]);
      expect(merged.count).toBe(count);
      expectClose(merged.mean, mean, 1e-7);
      // The parts travel as float32: a mean near 100 is known to 4e-6 there.
      expectClose(merged.centredSquares, centredSquares, 1e-5);
    }
  });

  it("count past what a float32 holds", () => {
    const parts = [statistics(2 ** 24 + 1, [0], [1]), statistics(2 ** 33 + 3, [0], [2])];
    expect(merge(parts).results[0]).toEqual(statistics(2 ** 24 + 2 ** 33 + 4, [0], [3]));
  });

  it("of nothing at all are a count of zero", () => {
    expect(merge([statistics(0, [0], [0]), statistics(0, [0], [0])]).results[1]).toEqual(statistics(0, [0], [0]));
  });
});
