import { expect, it } from "vitest";
import { duration } from "../../src/terminal/duration.ts";

it.each([
  [0, "0 s"],
  [59.2, "1 min 0 s"],
  [119.5, "2 min 0 s"],
  [125, "2 min 5 s"],
  [3599.5, "1 h 0 min"],
  [4800, "1 h 20 min"],
])("says %d seconds in words", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
