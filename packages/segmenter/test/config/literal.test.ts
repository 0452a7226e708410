import { expect, it } from "vitest";
import { parseLiteral } from "../../src/config/literal.ts";

it.each<[string, unknown]>([
  ["(300, 375, 450)", [300, 375, 450]],
  ["(600,)", [600]],
  ["[300,375]", [300, 375]],
  ["300, 375", [300, 375]],
  ["()", []],
  ["True", true],
  ["False", false],
  ["None", null],
  ["1e-4", 0.0001],
  ["-.5", -0.5],
  ["1E3", 1000],
  ["304", 304],
  ["'./data/'", "./data/"],
  ['"SGD"', "SGD"],
  ["epoch_20.pth", "epoch_20.pth"],
  ["1e", "1e"],
  ["", ""],
])("reads %j as Python would", (text, value) => {
  expect(parseLiteral(text)).toEqual(value);
});
