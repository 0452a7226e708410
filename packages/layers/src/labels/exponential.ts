/** Entries of the table per unit of the exponent. */
export const STEPS = 64;
/** The table's exponents go from this up to its opposite. */
export const LEAST = -40;

const table = Float64Array.from({ length: -2 * LEAST * STEPS + 1 }, (_, i) => Math.exp(i / STEPS + LEAST));

/** e^x to eleven digits, from a table and four terms of the series: several times as fast as `Math.exp`. */
export function exponential(x: number): number {
  if (!(x > LEAST && x < -LEAST)) return Math.exp(x);
  const i = ((x - LEAST) * STEPS) | 0;
  const r = x - LEAST - i / STEPS;
  return table[i]! * (1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24)))));
}

/** e^x rounded down, by a factor of at most {@link ROUNDING}: entry ⌊(x − LEAST) · STEPS⌋, the exponential of entry / STEPS + LEAST. */
export const rounded: Float64Array = table;
export const ROUNDING: number = Math.exp(1 / STEPS);
