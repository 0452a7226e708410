import { badOption } from "../errors.ts";
import type { Pair } from "../kernels/names.ts";

/** One number or two as a height and a width, checked to be whole and at least `least`. */
export function pair(name: string, value: number | readonly [number, number], least: number): Pair {
  const both: Pair = typeof value === "number" ? [value, value] : [value?.[0], value?.[1]];
  const isPair = typeof value === "number" || value?.length === 2;
  if (!isPair || !both.every((n) => Number.isInteger(n) && n >= least)) {
    throw badOption(name, value, { expected: `${name} of whole numbers ≥ ${least}`, received: `${value}` });
  }
  return both;
}
