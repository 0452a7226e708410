import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "../src/nearest.ts";

/** The definition, without memory. */
function slowDistance(a: string, b: string): number {
  if (!a || !b) return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return slowDistance(restA, restB);
  return 1 + Math.min(slowDistance(restA, b), slowDistance(a, restB), slowDistance(restA, restB));
}

describe("editDistance", () => {
  it("counts insertions, deletions and replacements as the definition does", () => {
    const words = ["", "a", "conv", "cnov", "convs", "bias", "basis", "con_v1"];
    for (const a of words) for (const b of words) expect(editDistance(a, b), `${a} ${b}`).toBe(slowDistance(a, b));
  });
});

describe("nearest", () => {
  it("finds the name that differs least, if it differs little", () => {
    const names = ["layer1.0.conv1.weight", "layer1.0.conv2.weight", "layer2.0.conv1.weight"];
    expect(nearest("layer1.0.conv3.weigth", names)).toBe("layer1.0.conv1.weight");
    expect(nearest("encoder.layer2.0.conv1.weight", names)).toBe("layer2.0.conv1.weight");
    expect(nearest("fc.bias", names)).toBeUndefined();
    expect(nearest("x".repeat(1e6), names)).toBeUndefined();
  });
});
