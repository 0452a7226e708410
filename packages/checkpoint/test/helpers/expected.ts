import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { StateDict } from "../../src/index.ts";

interface Described {
  dtype: string;
  shape: number[];
  values: string[];
}

/** The path of a file that PyTorch or safetensors wrote (`fixtures/make.py`). */
export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** What Python says is in those files. */
export const expected: { state: Record<string, Described>; training: Record<string, Described> } = JSON.parse(
  readFileSync(fixture("expected.json"), "utf8"),
);

function value(text: string, dtype: string): number | bigint {
  if (dtype === "int64" || dtype === "uint64") return BigInt(text);
  if (text === "True" || text === "False") return Number(text === "True");
  return Number(text.replace("inf", "Infinity"));
}

/** Expects the very tensors that Python described, in their order. */
export function expectTensors(state: StateDict, described: Record<string, Described>): void {
  expect([...state.keys()].sort()).toEqual(Object.keys(described).sort());
  for (const [name, { dtype, shape, values }] of Object.entries(described)) {
    const tensor = state.get(name)!;
    expect(tensor.name).toBe(name);
    expect([tensor.dtype, tensor.shape], name).toEqual([dtype, shape]);
    expect([...tensor.data], name).toEqual(values.map((text) => value(text, dtype)));
  }
}
