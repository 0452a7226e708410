import { expect, it } from "vitest";
import { refuseUnknownOptions, SegError } from "../src/index.ts";

const check = (options: object) =>
  refuseUnknownOptions(
    options,
    ["filters", "kernelSize", "useBias"],
    "the options of conv2d",
    (explanation, data) => new SegError("option", explanation, { data }),
  );

it("lets known options pass, and those that are undefined", () => {
  check({ filters: 3, useBias: undefined, other: undefined });
});

it.each([
  ["filter", "filters"],
  ["kernelsize", "kernelSize"],
  ["eps", undefined],
])("refuses %s and names %s", (option, nearest) => {
  expect(() => check({ [option]: 1 })).toThrow(expect.objectContaining({ code: "option", data: { option, nearest } }));
});
