import { expect, it } from "vitest";
import { swatch } from "../../src/terminal/swatch.ts";

it("shows a colour itself, or the nearest of 256, or none, as the terminal can", () => {
  expect(swatch([6, 230, 230], { TERM: "xterm", COLORTERM: "truecolor" })).toBe("\u001b[48;2;6;230;230m  \u001b[0m");
  // xterm's 44 is #00d7d7, and 208 #ff8700.
  expect(swatch([6, 230, 230], { TERM: "xterm-256color" })).toBe("\u001b[48;5;44m  \u001b[0m");
  expect(swatch([250, 130, 3], { TERM: "xterm-256color" })).toBe("\u001b[48;5;208m  \u001b[0m");
  expect(swatch([6, 230, 230], { TERM: "xterm" })).toBe("");
  expect(swatch([6, 230, 230], { TERM: "dumb" })).toBe("");
});
