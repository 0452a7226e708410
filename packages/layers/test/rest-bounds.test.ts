import { uniform } from "@seg/testing";
import { describe, expect, it } from "vitest";
import { exponential, LEAST, ROUNDING, rounded, STEPS } from "../src/labels/exponential.ts";
import { layOver } from "../src/labels/grid.ts";
import { Piece } from "../src/labels/piece.ts";
import { RestBounds } from "../src/labels/rest-bounds.ts";

it("the exponential has eleven digits, inside and outside of its table", () => {
  for (const u of uniform("exponents", 5000)) {
    for (const x of [(u - 0.5) * 2, (u - 0.5) * 90, (u - 0.5) * 1300]) {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(2e-11);
    }
  }
  expect([0, -1000, 1000, Number.NEGATIVE_INFINITY].map(exponential)).toEqual([1, 0, Infinity, 0]);
});

it("the table rounds down, by less than the factor that it names", () => {
  for (const u of uniform("entries", 5000)) {
    const x = (2 * u - 1) * LEAST;
    const quotient = Math.exp(x) / rounded[Math.floor((x - LEAST) * STEPS)]!;
    expect(quotient).toBeGreaterThan(1 - 1e-12);
    expect(quotient).toBeLessThan(ROUNDING * (1 + 1e-12));
  }
});

describe("the sum of exponentials lies within its bounds", () => {
  const [height, width, classes] = [5, 6, 20];
  for (const [title, spread, flipped] of [
    ["flat scores", 2, false],
    ["ordinary scores", 15, true],
    ["scores far apart", 120, false],
  ] as const) {
    it(`for ${title}`, () => {
      const count = height * width * classes;
      const data = Float32Array.from(uniform(title, count, (u) => (u - 0.5) * spread));
      const grid = layOver({ data, height, width, classes, flipped }, 23, 31);
      const bounds = new RestBounds(grid);
      const piece = new Piece();
      const whole = { top: 0, bottom: 23, left: 0, right: 31 };
      const upper = new Float64Array(23 * 31);
      const lower = new Float64Array(23 * 31);
      for (let y = 0; y < 23; y = piece.bottom) {
        for (let x = 0; x < 31; x = piece.right) {
          piece.set(grid, y, x, whole);
          bounds.provide(piece);
          const [u0, u1, u2, u3, l0, l1, l2, l3] = bounds.logits.subarray(piece.cell * 8, piece.cell * 8 + 8);
          piece.exponentials(upper, y * 31 + x, 31, u0!, u1!, u2!, u3!);
          lower.fill(0);
          if (l0 !== Number.NEGATIVE_INFINITY) piece.exponentials(lower, y * 31 + x, 31, l0!, l1!, l2!, l3!);
          const kept = [...bounds.kept.subarray(piece.cell * 4, piece.cell * 4 + 4)];
          const sumOfRest = (wy: number, wx: number) => {
            let rest = 0;
            for (let c = 0; c < classes; c++) {
              if (kept.includes(c)) continue;
              const top = (1 - wx) * data[piece.o0 + c]! + wx * data[piece.o1 + c]!;
              const bottom = (1 - wx) * data[piece.o2 + c]! + wx * data[piece.o3 + c]!;
              rest += Math.exp((1 - wy) * top + wy * bottom);
            }
            return rest;
          };
          // Tight where they claim to be: at the first score vector, and in the middle.
          const all = data.subarray(piece.o0, piece.o0 + classes).reduce((sum, score) => sum + Math.exp(score), 0);
          expect(Math.exp(u0!)).toBeLessThan((ROUNDING * sumOfRest(0, 0) + 1e-8 * all) * (1 + 1e-6));
          if (l0 !== Number.NEGATIVE_INFINITY) {
            expect(Math.exp((l0! + l1! + l2! + l3!) / 4) / sumOfRest(0.5, 0.5)).toBeGreaterThan(0.9999);
          }
          for (let py = y; py < piece.bottom; py++) {
            for (let px = x; px < piece.right; px++) {
              const rest = sumOfRest(grid.y.weight[py]!, grid.x.weight[px]!);
              expect(upper[py * 31 + px]!).toBeGreaterThanOrEqual(rest);
              expect(lower[py * 31 + px]!).toBeLessThanOrEqual(rest);
            }
          }
        }
      }
    });
  }
});
